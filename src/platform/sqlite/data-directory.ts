import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** `DATA_DIR` as held by this process. */
export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/** Another living process holds the data directory. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
}

/**
 * Makes the data directory and holds it for this process alone, by a lock of the operating system that ends with the process,
 * however it ends.
 *
 * @throws DataDirectoryInUse
 */
export function openDataDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = new Database(join(path, 'process.lock'), { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new DataDirectoryInUse(`the data directory ${path} is in use by another process`);
    }
    throw error;
  }
  return { path, release: () => lock.close() };
}
