import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { KeysForeign, SECRET_BYTES, secretsOf, type SecretRow, type Secrets } from './secrets';

/**
 * Opens the secrets in the schema `keys` of PostgreSQL, shared by all processes; the first one makes them.
 *
 * @throws KeysForeign
 */
export async function openPostgresSecrets(url: string, logId: string): Promise<Secrets> {
  const rows = await insertMissing(url, [
    { name: 'log-id', value: Buffer.from(logId) },
    { name: 'fingerprint', value: randomBytes(SECRET_BYTES) },
  ]);
  return secretsOf(rows, logId, 'the schema keys');
}

/**
 * Brings the secrets of another store here.
 *
 * @throws KeysForeign when others are here already
 */
export async function copyToPostgres(url: string, secrets: readonly SecretRow[]): Promise<void> {
  const found = await insertMissing(url, secrets);
  for (const { name, value } of secrets) {
    const here = found.find((row) => row.name === name);
    if (here?.value.equals(value) !== true) throw new KeysForeign(`the schema keys holds another ${name} already`);
  }
}

/** @returns all that are there then */
async function insertMissing(url: string, secrets: readonly SecretRow[]): Promise<SecretRow[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    // Several processes may start at once, and "if not exists" alone does not keep two of them apart.
    await client.query(`select pg_advisory_xact_lock(hashtext('keys.secrets'))`);
    await client.query('create schema if not exists keys');
    await client.query('create table if not exists keys.secrets (name text primary key, value bytea not null)');
    for (const { name, value } of secrets) {
      await client.query('insert into keys.secrets values ($1, $2) on conflict do nothing', [name, value]);
    }
    const { rows } = await client.query<SecretRow>('select name, value from keys.secrets');
    await client.query('commit');
    return rows;
  } finally {
    await client.end();
  }
}
