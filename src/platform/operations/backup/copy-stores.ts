import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddedLog } from '../../log/embedded/embedded-log';
import { copyDatabase, emptyDirectory, flushToDisk } from '../../sqlite/copy-database';

export const LOG_FILE = 'log.db';
export const KEYS_FILE = 'keys.db';

/**
 * Copies log and keys while they are written.
 *
 * The log goes first: a key that is made meanwhile is then in the copy of the keys, although nothing in the copy of the log may need it.
 * The other way round, the log's copy could hold what no key in the other opens. A key that is destroyed meanwhile is missing, which is
 * what its destruction is for.
 *
 * @param directory of the log and the keys
 * @throws DirectoryNotEmpty
 */
export async function copyStores(log: EmbeddedLog, directory: string, target: string): Promise<void> {
  emptyDirectory(target);
  const copy = join(target, LOG_FILE);
  await log.copyTo(copy);
  flushToDisk(copy);
  const keys = join(directory, KEYS_FILE);
  // A log that was only ever opened by operators has none.
  if (existsSync(keys)) await copyDatabase(keys, join(target, KEYS_FILE));
  flushToDisk(target);
}
