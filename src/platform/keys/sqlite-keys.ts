import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SqliteThread, type SqliteWrite } from '../sqlite/sqlite-thread';
import {
  assertKnown,
  type KeysGlance,
  type KeysStore,
  type SecretRow,
  type StoredKey,
  type WrappedKey,
} from './keys-store.port';
import { logIdOf } from './secrets';

/** Name of the store in `DATA_DIR`. */
export const KEYS_FILE = 'keys.db';

const EMPTY_WAL_TRIES = 20;
const SCHEMA = [
  // What is destroyed is overwritten in the file.
  'pragma secure_delete = on',
  'create table if not exists secrets (name text primary key, value blob not null) without rowid',
  'create table if not exists data_keys (person text primary key, kek text, wrapped blob, erased_at integer) without rowid',
  'create table if not exists wrapping_keys (id text primary key) without rowid',
];

interface KeyRow {
  readonly person: string;
  readonly kek: string | null;
  readonly wrapped: Buffer | null;
}

/** All that a `keys.db` holds, to be brought elsewhere. */
export interface KeysContent {
  readonly secrets: readonly SecretRow[];
  readonly keys: readonly (readonly [person: string, key: StoredKey])[];
  readonly keks: readonly string[];
}

/** Reads a `keys.db` that is there. */
export function readSqliteKeys(directory: string): KeysContent {
  return readOnly(directory, (database) => {
    const secrets = database.prepare<[], SecretRow>('select name, value from secrets').all();
    if (!hasTable(database, 'data_keys')) return { secrets, keys: [], keks: [] };
    const rows = database.prepare<[], KeyRow>('select person, kek, wrapped from data_keys').all();
    const keks = database.prepare<[], { id: string }>('select id from wrapping_keys').all();
    return {
      secrets,
      keys: rows.map((row) => [row.person, storedKey(row)] as const),
      keks: keks.map(({ id }) => id),
    };
  });
}

/** Looks at `keys.db`, and makes nothing when there is none. */
export function glanceAtSqliteKeys(directory: string): KeysGlance {
  if (!existsSync(join(directory, KEYS_FILE))) return { hasKeys: false, keks: [] };
  return readOnly(directory, (database) => {
    const secrets = hasTable(database, 'secrets')
      ? database.prepare<[], SecretRow>('select name, value from secrets').all()
      : [];
    const logId = logIdOf(secrets);
    const bound = logId === undefined ? {} : { logId };
    if (!hasTable(database, 'data_keys')) return { ...bound, hasKeys: false, keks: [] };
    const hasKeys = database.prepare('select 1 from data_keys limit 1').get() !== undefined;
    const inUse = `select id from wrapping_keys union select kek from data_keys where kek is not null`;
    const keks = database.prepare<[], { id: string }>(inUse).all();
    return { ...bound, hasKeys, keks: keks.map(({ id }) => id) };
  });
}

/** The keys in `keys.db`: read on this thread, written and fsynced on another. */
export class SqliteKeys implements KeysStore {
  private readonly byPerson: Database.Statement<[string], KeyRow>;

  private constructor(
    private readonly thread: SqliteThread,
    private readonly reader: Database.Database,
    readonly secrets: readonly SecretRow[],
  ) {
    this.byPerson = reader.prepare('select person, kek, wrapped from data_keys where person = ?');
  }

  /** @param secrets what a new store begins with */
  static async open(directory: string, secrets: readonly SecretRow[]): Promise<SqliteKeys> {
    const path = join(directory, KEYS_FILE);
    const thread = await SqliteThread.open({ path, synchronous: 'FULL', cacheKb: 2_048, schema: SCHEMA });
    try {
      const sql = 'insert into secrets values (?, ?) on conflict do nothing';
      await thread.write([{ sql, width: 2, values: secrets.flatMap(({ name, value }) => [name, value]) }]);
      const reader = new Database(path, { readonly: true, fileMustExist: true });
      const there = reader.prepare<[], SecretRow>('select name, value from secrets').all();
      return new SqliteKeys(thread, reader, there);
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  async find(persons: readonly string[]): Promise<Map<string, StoredKey>> {
    const found = new Map<string, StoredKey>();
    for (const person of persons) {
      const row = this.byPerson.get(person);
      if (row !== undefined) found.set(person, storedKey(row));
    }
    return found;
  }

  async add(keys: readonly WrappedKey[]): Promise<Map<string, StoredKey>> {
    const sql = 'insert into data_keys (person, kek, wrapped) values (?, ?, ?) on conflict do nothing';
    const values = keys.flatMap(({ person, kek, wrapped }) => [person, kek, wrapped]);
    const [added] = await this.thread.write([{ sql, width: 3, values }]);
    if (added === keys.length) return new Map();
    const there = await this.find(keys.map(({ person }) => person));
    for (const { person, wrapped } of keys) {
      const key = there.get(person);
      if (key !== undefined && key !== 'erased' && key.wrapped.equals(wrapped)) there.delete(person);
    }
    return there;
  }

  async destroy(persons: readonly string[], at: number): Promise<void> {
    const sql = `insert into data_keys (person, erased_at) values (?, ?)
      on conflict do update set kek = null, wrapped = null, erased_at = excluded.erased_at where wrapped is not null`;
    await this.thread.write([{ sql, width: 2, values: persons.flatMap((person) => [person, at]) }]);
    // Until then the write-ahead log holds pages with the keys.
    for (let tries = 0; tries < EMPTY_WAL_TRIES; tries++) {
      const { rows } = await this.thread.query('pragma wal_checkpoint(truncate)');
      if (rows[0]?.['busy'] === 0) return;
    }
  }

  async wrappedByOthers(kek: string, after: string, limit: number): Promise<WrappedKey[]> {
    const sql = 'select person, kek, wrapped from data_keys where person > ? and kek <> ? order by person limit ?';
    return this.reader.prepare<[string, string, number], WrappedKey>(sql).all(after, kek, limit);
  }

  async rewrap(changes: readonly { readonly from: WrappedKey; readonly to: WrappedKey }[]): Promise<void> {
    const sql = 'update data_keys set kek = ?, wrapped = ? where person = ? and wrapped = ?';
    const values = changes.flatMap(({ from, to }) => [to.kek, to.wrapped, from.person, from.wrapped]);
    await this.thread.write([{ sql, width: 4, values }]);
  }

  async register(kek: string, known: readonly string[]): Promise<void> {
    assertKnown(this.inUse(), known);
    await this.thread.write([
      { sql: 'insert into wrapping_keys values (?) on conflict do nothing', width: 1, values: [kek] },
    ]);
  }

  async retireAllBut(kek: string): Promise<boolean> {
    const others: SqliteWrite = {
      sql: 'delete from wrapping_keys where id <> ? and not exists (select 1 from data_keys where kek <> ?)',
      width: 2,
      values: [kek, kek],
    };
    await this.thread.write([others]);
    return this.inUse().every((id) => id === kek);
  }

  async close(): Promise<void> {
    this.reader.close();
    await this.thread.close();
  }

  private inUse(): string[] {
    const sql = 'select id from wrapping_keys union select kek from data_keys where kek is not null';
    return this.reader
      .prepare<[], { id: string }>(sql)
      .all()
      .map(({ id }) => id);
  }
}

function storedKey({ person, kek, wrapped }: KeyRow): StoredKey {
  return kek === null || wrapped === null ? 'erased' : { person, kek, wrapped };
}

function hasTable(database: Database.Database, name: string): boolean {
  const sql = `select 1 from sqlite_master where type = 'table' and name = ?`;
  return database.prepare(sql).get(name) !== undefined;
}

function readOnly<T>(directory: string, work: (database: Database.Database) => T): T {
  const database = new Database(join(directory, KEYS_FILE), { readonly: true, fileMustExist: true });
  try {
    return work(database);
  } finally {
    database.close();
  }
}
