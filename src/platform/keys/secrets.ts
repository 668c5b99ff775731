import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client } from 'pg';

/** What the keys store keeps for the whole deployment. */
export interface Secrets {
  /** Key of the HMAC over path and body by which a reused idempotency key is told; 32 bytes. */
  readonly fingerprint: Buffer;
}

/** The keys were made for another log; one clear line for the operator, then the process ends. */
export class KeysForeign extends Error {
  override readonly name = 'KeysForeign';
  readonly code = 'KEYS_FOREIGN';
}

const SECRET_BYTES = 32;

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
    const rows = database.prepare<[], { name: string; value: Buffer }>('select name, value from secrets').all();
    return secretsOf(rows, logId, 'keys.db');
  } finally {
    database.close();
  }
}

/**
 * Opens the secrets in the schema `keys` of PostgreSQL, shared by all processes; the first one makes them.
 *
 * @throws KeysForeign
 */
export async function openPostgresSecrets(url: string, logId: string): Promise<Secrets> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    // Several processes may start at once, and "if not exists" alone does not keep two of them apart.
    await client.query(`select pg_advisory_xact_lock(hashtext('keys.secrets'))`);
    await client.query('create schema if not exists keys');
    await client.query('create table if not exists keys.secrets (name text primary key, value bytea not null)');
    await client.query('insert into keys.secrets values ($1, $2), ($3, $4) on conflict do nothing', [
      'log-id',
      Buffer.from(logId),
      'fingerprint',
      randomBytes(SECRET_BYTES),
    ]);
    const { rows } = await client.query<{ name: string; value: Buffer }>('select name, value from keys.secrets');
    await client.query('commit');
    return secretsOf(rows, logId, 'the schema keys');
  } finally {
    await client.end();
  }
}

function secretsOf(rows: readonly { name: string; value: Buffer }[], logId: string, place: string): Secrets {
  const byName = new Map(rows.map(({ name, value }) => [name, value]));
  const owner = byName.get('log-id')?.toString();
  if (owner !== logId) throw new KeysForeign(`${place} belongs to the log ${owner}, this is the log ${logId}`);
  const fingerprint = byName.get('fingerprint');
  if (fingerprint === undefined) throw new Error(`${place} holds no fingerprint secret`);
  return { fingerprint };
}
