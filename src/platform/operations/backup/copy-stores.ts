import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddedLog } from '../../log/embedded/embedded-log';
import { KEY_ENCRYPTION_KEY_FILE, KeyEncryptionKeyFile } from '../../keys/key-encryption-key.file';
import { KEYS_FILE } from '../../keys/sqlite-keys';
import { copyDatabase, emptyDirectory, flushToDisk } from '../../sqlite/copy-database';

export const LOG_FILE = 'log.db';
/** Files of a data directory that cannot be made anew, in the order in which they are put back. */
export const STORED_FILES = [KEY_ENCRYPTION_KEY_FILE, KEYS_FILE, LOG_FILE] as const;

/**
 * Copies log and keys while they are written.
 *
 * The log goes first: a key that is made meanwhile is then in the copy of the keys, although nothing in the copy of the log may need it.
 * The other way round, the log's copy could hold what no key in the other opens. A key that is destroyed meanwhile is missing, which is
 * what its destruction is for. Of the key-encryption keys, those before and those after are
 * copied: in between a rotation may have ended.
 *
 * @param directory of the log and the keys
 * @throws DirectoryNotEmpty
 */
export async function copyStores(log: EmbeddedLog, directory: string, target: string): Promise<void> {
  emptyDirectory(target);
  const copy = join(target, LOG_FILE);
  await log.copyTo(copy);
  flushToDisk(copy);
  const [keys, keks] = [join(directory, KEYS_FILE), new KeyEncryptionKeyFile(directory)];
  const before = keks.isThere ? keks.read() : [];
  // A log that was only ever opened by operators has none.
  if (existsSync(keys)) await copyDatabase(keys, join(target, KEYS_FILE));
  const after = keks.isThere ? keks.read() : [];
  const old = before.filter((key) => !after.some((other) => other.equals(key)));
  if (after.length + old.length > 0) new KeyEncryptionKeyFile(target).write([...after, ...old]);
  flushToDisk(target);
}
