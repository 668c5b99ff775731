import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { SECRET_BYTES, secretsOf, type SecretRow, type Secrets } from './secrets';

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
    const { rows } = await client.query<SecretRow>('select name, value from keys.secrets');
    await client.query('commit');
    return secretsOf(rows, logId, 'the schema keys');
  } finally {
    await client.end();
  }
}
