import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SECRET_BYTES, secretsOf, type SecretRow, type Secrets } from './secrets';

/** All secrets of a `keys.db` that is there. */
export function readSqliteSecrets(directory: string): SecretRow[] {
  const database = new Database(join(directory, 'keys.db'), { readonly: true, fileMustExist: true });
  try {
    return database.prepare<[], SecretRow>('select name, value from secrets').all();
  } finally {
    database.close();
  }
}

/**
 * Opens the secrets in `keys.db`, made once with the log they belong to.
 *
 * @throws KeysForeign
 */
export function openSqliteSecrets(directory: string, logId: string): Secrets {
  const database = new Database(join(directory, 'keys.db'));
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('create table if not exists secrets (name text primary key, value blob not null) without rowid');
    const insert = database.prepare('insert into secrets values (?, ?) on conflict do nothing');
    insert.run('log-id', Buffer.from(logId));
    insert.run('fingerprint', randomBytes(SECRET_BYTES));
    const rows = database.prepare<[], SecretRow>('select name, value from secrets').all();
    return secretsOf(rows, logId, 'keys.db');
  } finally {
    database.close();
  }
}
