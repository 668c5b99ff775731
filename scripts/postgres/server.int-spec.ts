import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createDatabase } from './database.ts';
import { type PostgresServer, startPostgres } from './server.ts';

describe('a PostgreSQL of our own', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(async () => {
    await server.close();
  });

  it('is the version that the product is deployed with', async () => {
    const [row] = await query(server.url, 'SHOW server_version');
    expect(row?.['server_version']).toMatch(/^18\./);
  });

  it('keeps committed rows over kill -9, on the same URL, though clients are connected', async () => {
    const busy = query(server.url, 'SELECT pg_sleep(60)').catch((error: unknown) => error);
    await query(server.url, 'CREATE TABLE kept (value text)');
    await query(server.url, "INSERT INTO kept VALUES ('a')");
    await server.kill9();
    expect(await busy).toBeInstanceOf(Error);
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow();
    await server.start();
    expect(await query(server.url, 'SELECT value FROM kept')).toEqual([{ value: 'a' }]);
  });

  it('answers nothing while it is frozen, on open connections neither', async () => {
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    await server.freeze();
    let isAnswered = false;
    const answer = client.query('SELECT 1').then(() => (isAnswered = true));
    const other = new Client({ connectionString: server.url, connectionTimeoutMillis: 1_000 });
    await expect(other.connect()).rejects.toThrow('timeout');
    expect(isAnswered).toBe(false);
    await server.thaw();
    await answer;
    await client.end();
  });

  it('gives databases that know nothing of each other, and drops them with their clients', async () => {
    const first = await createDatabase(server.url);
    const second = await createDatabase(server.url);
    await query(first.url, 'CREATE TABLE mine (value text)');
    await expect(query(second.url, 'SELECT * FROM mine')).rejects.toThrow('does not exist');
    await first.drop();
    await second.drop();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });

  it('keeps its data in the directory that it is given', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'postgres-kept-'));
    try {
      await chmod(directory, 0o755);
      const first = await startPostgres({ directory });
      await query(first.url, "CREATE TABLE kept AS SELECT 'a' AS value");
      await first.close();
      const second = await startPostgres({ directory });
      expect(await query(second.url, 'SELECT value FROM kept')).toEqual([{ value: 'a' }]);
      await second.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('sorts by language, so that a query that leans on byte order shows', async () => {
    const rows = await query(server.url, "SELECT value FROM (VALUES ('B'), ('a')) AS letters (value) ORDER BY value");
    expect(rows.map((row) => row['value'])).toEqual(['a', 'B']);
  });
});

async function query(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
