import { Pool, type PoolClient } from 'pg';
import { postgresFailure } from '../views/postgres/postgres-failures';
import {
  assertKnown,
  KeyEncryptionKeyWrong,
  KeysForeign,
  type KeysGlance,
  type KeysStore,
  type SecretRow,
  type StoredKey,
  type WrappedKey,
} from './keys-store.port';
import { logIdOf } from './secrets';
import type { KeysContent } from './sqlite-keys';

const CONNECTIONS_MAX = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;

const TABLES = `
  create schema if not exists keys;
  create table if not exists keys.secrets (name text primary key, value bytea not null);
  create table if not exists keys.data_keys (person text collate "C" primary key, kek text, wrapped bytea, erased_at bigint);
  create table if not exists keys.wrapping_keys (id text primary key)`;
const IN_USE = 'select id from keys.wrapping_keys union select kek from keys.data_keys where kek is not null';

interface KeyRow {
  readonly person: string;
  readonly kek: string | null;
  readonly wrapped: Buffer | null;
}

/** The keys in the schema `keys` of PostgreSQL, shared by all processes. */
export class PostgresKeys implements KeysStore {
  private constructor(
    private readonly pool: Pool,
    readonly secrets: readonly SecretRow[],
  ) {}

  /** @param secrets what a new store begins with */
  static async open(url: string, secrets: readonly SecretRow[]): Promise<PostgresKeys> {
    const pool = keysPool(url);
    try {
      const there = await alone(pool, async (client) => {
        await client.query(TABLES);
        return insertMissing(client, secrets);
      });
      return new PostgresKeys(pool, there);
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  async find(persons: readonly string[]): Promise<Map<string, StoredKey>> {
    const sql = 'select person, kek, wrapped from keys.data_keys where person = any($1)';
    return byPerson(await this.query<KeyRow>(sql, [persons]));
  }

  async add(keys: readonly WrappedKey[]): Promise<Map<string, StoredKey>> {
    // In one order, so that two processes that make the keys of the same persons do not wait for each other in a circle.
    const sorted = keys.toSorted((a, b) => (a.person < b.person ? -1 : 1));
    const sql = `insert into keys.data_keys (person, kek, wrapped) select * from unnest($1::text[], $2::text[], $3::bytea[])
      on conflict do nothing returning person`;
    const added = await this.query<{ person: string }>(sql, columnsOf(sorted));
    if (added.length === keys.length) return new Map();
    const ours = new Set(added.map(({ person }) => person));
    return this.find(keys.map(({ person }) => person).filter((person) => !ours.has(person)));
  }

  async destroy(persons: readonly string[], at: number): Promise<void> {
    const sql = `insert into keys.data_keys (person, erased_at) select unnest($1::text[]), $2
      on conflict (person) do update set kek = null, wrapped = null, erased_at = excluded.erased_at
      where data_keys.wrapped is not null`;
    await this.query(sql, [[...new Set(persons)].sort(), at]);
  }

  async wrappedByOthers(kek: string, after: string, limit: number): Promise<WrappedKey[]> {
    const sql = `select person, kek, wrapped from keys.data_keys where person > $1 and kek <> $2
      order by person limit $3`;
    return this.query<WrappedKey>(sql, [after, kek, limit]);
  }

  async rewrap(changes: readonly { readonly from: WrappedKey; readonly to: WrappedKey }[]): Promise<void> {
    const sql = `update keys.data_keys as known set kek = fresh.kek, wrapped = fresh.wrapped
      from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as fresh (person, kek, wrapped, was)
      where known.person = fresh.person and known.wrapped = fresh.was`;
    await this.query(sql, [...columnsOf(changes.map(({ to }) => to)), changes.map(({ from }) => from.wrapped)]);
  }

  register(kek: string, known: readonly string[]): Promise<void> {
    return alone(this.pool, async (client) => {
      assertKnown(await inUse(client), known);
      await client.query('insert into keys.wrapping_keys values ($1) on conflict do nothing', [kek]);
    });
  }

  retireAllBut(kek: string): Promise<boolean> {
    return alone(this.pool, async (client) => {
      const { rows } = await client.query('select 1 from keys.data_keys where kek <> $1 limit 1', [kek]);
      if (rows.length > 0) return false;
      await client.query('delete from keys.wrapping_keys where id <> $1', [kek]);
      return true;
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async query<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(sql, values)).rows;
    } catch (error) {
      throw postgresFailure(error);
    }
  }
}

/** Looks at the schema `keys`, and makes nothing when there is none. @throws ViewsUnavailable */
export async function glanceAtPostgresKeys(url: string): Promise<KeysGlance> {
  const pool = keysPool(url);
  try {
    return await alone(pool, async (client) => {
      const exists = async (table: string): Promise<boolean> => {
        const { rows } = await client.query<{ found: unknown }>('select to_regclass($1) as found', [`keys.${table}`]);
        return rows[0]?.found !== null;
      };
      const secrets = (await exists('secrets')) ? await secretRows(client) : [];
      const logId = logIdOf(secrets);
      const bound = logId === undefined ? {} : { logId };
      if (!(await exists('data_keys'))) return { ...bound, hasKeys: false, keks: [] };
      const { rows } = await client.query('select 1 from keys.data_keys limit 1');
      return { ...bound, hasKeys: rows.length > 0, keks: await inUse(client) };
    });
  } finally {
    await pool.end();
  }
}

/**
 * Brings all of another store here.
 *
 * @throws KeysForeign when other secrets are here already
 */
export async function copyToPostgres(url: string, { secrets, keys, keks }: KeysContent): Promise<void> {
  const store = await PostgresKeys.open(url, secrets);
  try {
    for (const { name, value } of secrets) {
      const here = store.secrets.find((row) => row.name === name);
      if (here?.value.equals(value) !== true) throw new KeysForeign(`the schema keys holds another ${name} already`);
    }
    // A store without keys binds nobody to what has wrapped none.
    for (const kek of keys.length === 0 ? [] : keks) await store.register(kek, keks);
    await store.add(keys.flatMap(([, key]) => (key === 'erased' ? [] : [key])));
    await store.destroy(
      keys.flatMap(([person, key]) => (key === 'erased' ? [person] : [])),
      Date.now(),
    );
  } finally {
    await store.close();
  }
}

function keysPool(url: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'keys',
  });
  // An idle connection that breaks is no news: the next query opens another.
  pool.on('error', () => undefined);
  return pool;
}

/** In a transaction that no other process has at the same time: several may start at once. @throws ViewsUnavailable */
async function alone<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw postgresFailure(error);
  });
  let isBroken = true;
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtext('keys.secrets'))`);
    const result = await work(client);
    await client.query('commit');
    isBroken = false;
    return result;
  } catch (error) {
    throw failureOf(error);
  } finally {
    client.release(isBroken);
  }
}

function failureOf(error: unknown): Error {
  return error instanceof KeyEncryptionKeyWrong ? error : postgresFailure(error);
}

/** @returns all that are there then */
async function insertMissing(client: PoolClient, secrets: readonly SecretRow[]): Promise<SecretRow[]> {
  for (const { name, value } of secrets) {
    await client.query('insert into keys.secrets values ($1, $2) on conflict do nothing', [name, value]);
  }
  return secretRows(client);
}

async function secretRows(client: PoolClient): Promise<SecretRow[]> {
  return (await client.query<SecretRow>('select name, value from keys.secrets')).rows;
}

async function inUse(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(IN_USE);
  return rows.map(({ id }) => id);
}

function columnsOf(keys: readonly WrappedKey[]): unknown[][] {
  return [keys.map(({ person }) => person), keys.map(({ kek }) => kek), keys.map(({ wrapped }) => wrapped)];
}

function byPerson(rows: readonly KeyRow[]): Map<string, StoredKey> {
  return new Map(
    rows.map(({ person, kek, wrapped }) => [
      person,
      kek === null || wrapped === null ? 'erased' : { person, kek, wrapped },
    ]),
  );
}
