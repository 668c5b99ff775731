import type Database from 'better-sqlite3';
import type { SqliteThread, SqliteValue } from '../sqlite/sqlite-thread';
import type { RecentEntries } from './recent-entries';
import type { StateEntry } from './stored-state';
import { PUT_ENTRY, type PlacedEntry, type WriteBehind } from './write-behind';

/** One record of a changelog; `null` deletes. */
export interface ChangelogRecord {
  readonly key: string;
  readonly value: string | null;
}

/** What the partitions of one `state.db` share. */
export interface StateFile {
  readonly thread: SqliteThread;
  /** Value of an entry by partition and key. */
  readonly select: Database.Statement<[number, string], { value: string }>;
  readonly recent: RecentEntries<StateEntry['value']>;
  readonly unwritten: WriteBehind;
}

/** The cached state of one partition, for the one that owns it. */
export class StatePartition {
  constructor(
    private readonly file: StateFile,
    /** Number of the partition in the file. */
    private readonly id: number,
    /** Offset of the state topic up to which the cache was complete when it was opened. */
    readonly next: number,
    /** State versions that all its entries have, as {@link clear} was told; empty before. */
    readonly folds: string,
  ) {}

  /** Looks up one entry: in memory, else in the file, which takes microseconds and never waits for a write. */
  load(key: string): StateEntry['value'] | undefined {
    const at = this.at(key);
    const cached = this.file.recent.get(at) ?? this.file.unwritten.get(at);
    if (cached !== undefined) return cached;
    const row = this.file.select.get(this.id, key);
    if (row === undefined) return undefined;
    const value = JSON.parse(row.value) as StateEntry['value'];
    this.file.recent.set(at, value);
    return value;
  }

  /**
   * Takes committed entries; they can be loaded at once and reach the disk soon.
   * @returns what to wait for before the next ones, when too many are in memory alone
   */
  put(entries: readonly StateEntry[]): Promise<unknown> | undefined {
    const placed: [string, PlacedEntry][] = [];
    for (const entry of entries) {
      const at = this.at(entry.key);
      this.file.recent.set(at, entry.value);
      placed.push([at, { partition: this.id, entry }]);
    }
    return this.file.unwritten.add(placed);
  }

  /** Notes that the cache holds all of the changelog before `next`, once that is true of the disk. Never throws: without the note a restart reads more. */
  async checkpoint(next: number): Promise<void> {
    if (!(await this.file.unwritten.flush())) return;
    await this.restore([], next).catch(() => undefined);
  }

  /** Takes records of the changelog, up to `next`. */
  async restore(records: readonly ChangelogRecord[], next: number): Promise<void> {
    const put: SqliteValue[] = [];
    const gone: SqliteValue[] = [];
    // The last record of a key wins: an earlier one of the same batch must not be written after it.
    for (const [key, value] of new Map(records.map((record) => [record.key, record.value]))) {
      this.file.recent.delete(this.at(key));
      if (value === null) gone.push(this.id, key);
      else put.push(this.id, key, value);
    }
    await this.file.thread.write([
      { sql: PUT_ENTRY, width: 3, values: put },
      { sql: 'delete from entries where partition = ? and key = ?', width: 2, values: gone },
      { sql: 'update partitions set next = ? where id = ?', width: 2, values: [next, this.id] },
    ]);
  }

  /** Forgets everything, so that it is restored from the start of the changelog, with entries of these state versions. */
  async clear(folds: string): Promise<void> {
    await this.release();
    await this.file.thread.write([
      { sql: 'delete from entries where partition = ?', width: 1, values: [this.id] },
      { sql: 'update partitions set next = 0, folds = ? where id = ?', width: 2, values: [folds, this.id] },
    ]);
  }

  /** Drops what memory holds: another owner may change it from now on. */
  async release(): Promise<void> {
    if (!(await this.file.unwritten.flush())) this.file.unwritten.drop(this.at(''));
    this.file.recent.deletePrefix(this.at(''));
  }

  private at(key: string): string {
    return `${this.id}/${key}`;
  }
}
