import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SqliteFailure, SqliteThread, type SqliteValue } from '../sqlite/sqlite-thread';
import { RecentEntries } from './recent-entries';
import type { StateEntry } from './stored-state';
import { PUT_ENTRY, WriteBehind, type PlacedEntry } from './write-behind';

const SCHEMA = [
  'create table if not exists log_identity (id text not null)',
  `create table if not exists partitions (
     id integer primary key, topic text not null, partition integer not null, next integer not null,
     unique (topic, partition))`,
  `create table if not exists entries (
     partition integer not null, key text not null, value text not null, primary key (partition, key)) without rowid`,
];
const ENTRIES_CACHED_MAX = 20_000;
const WAL_PAGES_MAX = 8_000;

/** One record of a changelog; `null` deletes. */
export interface ChangelogRecord {
  readonly key: string;
  readonly value: string | null;
}

/**
 * The folded state of aggregates, decisions and positions: a cache of the `<module>.state` topics in `state.db`, with the recent entries in
 * memory. Loading an aggregate costs one look-up, however long its history. Losing the file costs only the restore.
 * Look-ups run here, on a connection that only reads: each takes microseconds, and never waits for a write.
 */
export class StateStore {
  private readonly recent = new RecentEntries<StateEntry['value']>(ENTRIES_CACHED_MAX);
  private readonly unwritten: WriteBehind;
  private readonly select: Database.Statement<[number, string], { value: string }>;

  private constructor(
    private readonly thread: SqliteThread,
    private readonly reader: Database.Database,
  ) {
    this.unwritten = new WriteBehind(thread);
    this.select = reader.prepare('select value from entries where partition = ? and key = ?');
  }

  /**
   * Opens `state.db`; one that is damaged or belongs to another log is thrown away, since it is only a cache.
   *
   * @param logId id of the log that the cache must belong to
   */
  static async open(directory: string, logId: string): Promise<StateStore> {
    const path = join(directory, 'state.db');
    try {
      return await StateStore.openFile(path, logId);
    } catch (error) {
      if (!(error instanceof SqliteFailure || error instanceof ForeignState)) throw error;
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
      return StateStore.openFile(path, logId);
    }
  }

  private static async openFile(path: string, logId: string): Promise<StateStore> {
    const thread = await SqliteThread.open({ path, synchronous: 'NORMAL', walPagesMax: WAL_PAGES_MAX, schema: SCHEMA });
    const { rows } = await thread.query('select id from log_identity');
    if (rows.length === 0) await thread.query('insert into log_identity values (?)', [logId]);
    else if (rows[0]?.['id'] !== logId) {
      await thread.close();
      throw new ForeignState();
    }
    return new StateStore(thread, new Database(path, { readonly: true }));
  }

  /** The cache of one partition of a state topic. */
  async partition(topic: string, partition: number): Promise<StatePartition> {
    const at = [topic, partition];
    await this.thread.query(
      'insert into partitions (topic, partition, next) values (?, ?, 0) on conflict do nothing',
      at,
    );
    const { rows } = await this.thread.query('select id, next from partitions where topic = ? and partition = ?', at);
    return new StatePartition(this, Number(rows[0]?.['id']), Number(rows[0]?.['next']));
  }

  /** See {@link StatePartition.load}. */
  load(partition: number, key: string): StateEntry['value'] | undefined {
    const at = cacheKey(partition, key);
    const cached = this.recent.get(at) ?? this.unwritten.get(at);
    if (cached !== undefined) return cached;
    const row = this.select.get(partition, key);
    if (row === undefined) return undefined;
    const value = JSON.parse(row.value) as StateEntry['value'];
    this.recent.set(at, value);
    return value;
  }

  /** See {@link StatePartition.put}. */
  async put(partition: number, entries: readonly StateEntry[]): Promise<void> {
    const placed: [string, PlacedEntry][] = [];
    for (const entry of entries) {
      const at = cacheKey(partition, entry.key);
      this.recent.set(at, entry.value);
      placed.push([at, { partition, entry }]);
    }
    await this.unwritten.add(placed);
  }

  /** See {@link StatePartition.checkpoint}. */
  async checkpoint(partition: number, next: number): Promise<void> {
    if (await this.unwritten.flush()) await this.restore(partition, [], next);
  }

  /** See {@link StatePartition.restore}. */
  async restore(partition: number, records: readonly ChangelogRecord[], next: number): Promise<void> {
    const put: SqliteValue[] = [];
    const gone: SqliteValue[] = [];
    // The last record of a key wins: an earlier one of the same batch must not be written after it.
    for (const [key, value] of new Map(records.map((record) => [record.key, record.value]))) {
      this.recent.delete(cacheKey(partition, key));
      if (value === null) gone.push(partition, key);
      else put.push(partition, key, value);
    }
    await this.thread.write([
      { sql: PUT_ENTRY, width: 3, values: put },
      { sql: 'delete from entries where partition = ? and key = ?', width: 2, values: gone },
      { sql: 'update partitions set next = ? where id = ?', width: 2, values: [next, partition] },
    ]);
  }

  /** See {@link StatePartition.clear}. */
  async clear(partition: number): Promise<void> {
    await this.release(partition);
    await this.thread.write([
      { sql: 'delete from entries where partition = ?', width: 1, values: [partition] },
      { sql: 'update partitions set next = 0 where id = ?', width: 1, values: [partition] },
    ]);
  }

  /** See {@link StatePartition.release}. */
  async release(partition: number): Promise<void> {
    if (!(await this.unwritten.flush())) this.unwritten.drop(cacheKey(partition, ''));
    this.recent.deletePrefix(cacheKey(partition, ''));
  }

  async close(): Promise<void> {
    await this.unwritten.flush();
    this.reader.close();
    await this.thread.close();
  }
}

/** The cached state of one partition, for the one that owns it. */
export class StatePartition {
  constructor(
    private readonly store: StateStore,
    private readonly id: number,
    /** Offset of the state topic up to which the cache is complete. */
    readonly next: number,
  ) {}

  load(key: string): StateEntry['value'] | undefined {
    return this.store.load(this.id, key);
  }

  /** Takes committed entries; they can be loaded at once and reach the disk soon. */
  put(entries: readonly StateEntry[]): Promise<void> {
    return this.store.put(this.id, entries);
  }

  /** Notes that the cache holds all of the changelog before `next`, once that is true of the disk. */
  checkpoint(next: number): Promise<void> {
    return this.store.checkpoint(this.id, next);
  }

  /** Takes records of the changelog, up to `next`. */
  restore(records: readonly ChangelogRecord[], next: number): Promise<void> {
    return this.store.restore(this.id, records, next);
  }

  /** Forgets everything, so that it is restored from the start of the changelog. */
  clear(): Promise<void> {
    return this.store.clear(this.id);
  }

  /** Drops what memory holds: another owner may change it from now on. */
  release(): Promise<void> {
    return this.store.release(this.id);
  }
}

/** `state.db` was filled from another log. */
class ForeignState extends Error {
  override readonly name = 'ForeignState';
}

function cacheKey(partition: number, key: string): string {
  return `${partition}/${key}`;
}
