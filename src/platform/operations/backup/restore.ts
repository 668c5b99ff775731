import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { holdDataDirectory } from '../../log/open-log';
import { emptyDirectory, flushToDisk } from '../../sqlite/copy-database';
import { OperationFailed } from '../operation-failed';
import { STORED_FILES } from './copy-stores';
import { contentsOf, readBackup, type Manifest } from './manifest';

const LOCK_FILE = 'process.lock';

/**
 * Puts a backup into a data directory that holds nothing yet; state and views are built anew at the next start.
 *
 * The keys are put in place before the log: a directory with keys and without a log refuses to start, one with a log and without keys would
 * make new keys and go on. Broken off, it leaves a directory that is not empty, which is to be emptied before the next attempt.
 *
 * @throws OperationFailed NOT_FOUND or DAMAGED
 * @throws LogSetupError LOG_IN_USE
 * @throws DirectoryNotEmpty
 */
export async function restore(backup: string, dataDir: string): Promise<Manifest> {
  const manifest = await readBackup(backup);
  emptyDirectory(dataDir, [LOCK_FILE]);
  const held = holdDataDirectory(dataDir);
  try {
    const names = manifest.files.map(({ name }) => name);
    for (const name of names) {
      copyFileSync(join(backup, name), join(dataDir, `${name}.restoring`));
      flushToDisk(join(dataDir, `${name}.restoring`));
    }
    for (const name of STORED_FILES) {
      if (!names.includes(name)) continue;
      renameSync(join(dataDir, `${name}.restoring`), join(dataDir, name));
      flushToDisk(dataDir);
    }
    const { log, topics } = await contentsOf(dataDir);
    if (log !== manifest.log || !isDeepStrictEqual(topics, manifest.topics)) {
      throw new OperationFailed('DAMAGED', `what was restored to ${dataDir} is not what the manifest tells`);
    }
    return manifest;
  } finally {
    held.release();
  }
}
