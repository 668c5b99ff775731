import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { asError } from '../as-error';

/** `DATA_DIR` as held by this process. */
export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/** Another living process holds the data directory. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
}

/** The data directory cannot be made or written; one clear line for the operator, then the process ends. */
export class DataDirectoryUnusable extends Error {
  override readonly name = 'DataDirectoryUnusable';
  readonly code = 'DATA_DIR_UNUSABLE';
}

/**
 * Makes the data directory and holds it for this process alone, by a lock of the operating system that ends with the process,
 * however it ends.
 *
 * @throws DataDirectoryInUse
 * @throws DataDirectoryUnusable
 */
export function openDataDirectory(path: string): DataDirectory {
  const lock = openLock(path);
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new DataDirectoryInUse(`the data directory ${path} is in use by another process`);
    }
    throw unusable(path, error);
  }
  return { path, release: () => lock.close() };
}

function openLock(path: string): Database.Database {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new Database(join(path, 'process.lock'), { timeout: 0 });
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): DataDirectoryUnusable {
  return new DataDirectoryUnusable(`DATA_DIR ${path} cannot be used: ${asError(error).message}`, { cause: error });
}
