import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import Database from 'better-sqlite3';

const OWNER_ONLY = 0o700;

/** What is to be filled holds files already. */
export class DirectoryNotEmpty extends Error {
  override readonly name = 'DirectoryNotEmpty';
}

/**
 * Makes a directory, or takes an empty one, and lets nobody but its owner into it.
 * @param but names that may be there
 * @throws DirectoryNotEmpty
 */
export function emptyDirectory(path: string, but: readonly string[] = []): void {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY });
  const found = readdirSync(path).filter((name) => !but.includes(name));
  if (found.length > 0) throw new DirectoryNotEmpty(`${path} is not empty: ${found.slice(0, 5).join(', ')}`);
  chmodSync(path, OWNER_ONLY);
}

/** Copies a database as of now to a file that is not there, by SQLite's own backup, however it is written meanwhile; safe on disk. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const database = new Database(from, { readonly: true, fileMustExist: true });
  try {
    await database.backup(to);
  } finally {
    database.close();
  }
  flushToDisk(to);
}

/** Makes a file, or the names in a directory, safe on disk. */
export function flushToDisk(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
