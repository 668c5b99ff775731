import { Client } from 'pg';
import { eventually } from './eventually.ts';

const writing = `
  select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_xid is not null`;
const withinMs = 60_000;

/**
 * Kills with -9 the process of PostgreSQL that serves a connection which is in the middle of writing. The server then ends all connections
 * and recovers. Resolves when it serves again.
 * @throws Error when nobody writes within a minute, or the server does not recover in one
 */
export async function killInTransaction(url: string): Promise<void> {
  const client = await connected(url);
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  const deadline = Date.now() + withinMs;
  let victim: number | undefined;
  // Transactions are short: only a look right after the other meets one.
  while (victim === undefined) {
    victim = (await client.query<{ pid: number }>(writing)).rows[0]?.pid;
    if (Date.now() > deadline) throw new Error('nobody writes');
  }
  process.kill(victim, 'SIGKILL');
  await ended;
  const again = await eventually(() => connected(url), { within: withinMs });
  await again.end();
}

async function connected(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
