import type Database from 'better-sqlite3';
import type { SqliteThread, SqliteValue } from '../sqlite/sqlite-thread';
import type { RecentEntries } from './recent-entries';
import { decidedAt, stateKey, type StateEntry, type StoredDecision } from './stored-state';
import { DELETE_ENTRY, PUT_ENTRY, type PlacedEntry, type WriteBehind } from './write-behind';

/** One record of a changelog; `null` deletes. */
export interface ChangelogRecord {
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

/** A decision as it stands in the file. */
export interface DatedKey {
  readonly key: string;
  /** Log time. */
  readonly at: number;
}

/** Value of an entry that is there. */
export type StoredValue = NonNullable<StateEntry['value']>;

/** What the partitions of one `state.db` share. */
export interface StateFile {
  readonly thread: SqliteThread;
  /** Value of an entry by partition and key. */
  readonly select: Database.Statement<[number, string], { value: string }>;
  /** Log time of an entry by partition and key. */
  readonly decided: Database.Statement<[number, string], { decided: number | null }>;
  /** Decisions by partition, after a time and key, up to a time; the oldest first, as many as asked for. */
  readonly decisions: Database.Statement<[number, number, string, number, number], DatedKey>;
  readonly recent: RecentEntries<StoredValue>;
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
  load(key: string): StoredValue | undefined {
    const at = this.at(key);
    const cached = this.file.recent.get(at);
    if (cached !== undefined) return cached;
    const unwritten = this.file.unwritten.get(at);
    if (unwritten !== undefined) return unwritten ?? undefined;
    const row = this.file.select.get(this.id, key);
    if (row === undefined) return undefined;
    const value = JSON.parse(row.value) as StoredValue;
    this.file.recent.set(at, value);
    return value;
  }

  /** Log time of a decision that is there; like {@link load}, but keeps nothing in memory. */
  decidedAt(key: string): number | undefined {
    const at = this.at(key);
    const known = this.file.recent.get(at) ?? this.file.unwritten.get(at);
    if (known === null) return undefined;
    return (known === undefined ? this.file.decided.get(this.id, key)?.decided : decidedAt(known)) ?? undefined;
  }

  /** Decisions in the file that follow one in the order of log time, up to a log time; what is not written yet may be missing or be gone. */
  decisions(after: DatedKey, until: number, rowsMax: number): DatedKey[] {
    return this.file.decisions.all(this.id, after.at, after.key, until, rowsMax);
  }

  /**
   * Takes committed entries; they can be loaded at once and reach the disk soon.
   * @returns what to wait for before the next ones, when too many are in memory alone
   */
  put(entries: readonly StateEntry[]): Promise<unknown> | undefined {
    const placed: [string, PlacedEntry][] = [];
    for (const entry of entries) {
      const at = this.at(entry.key);
      if (entry.value === null) this.file.recent.delete(at);
      else this.file.recent.set(at, entry.value);
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
    for (const [key, record] of new Map(records.map((each) => [each.key, each]))) {
      this.file.recent.delete(this.at(key));
      const { value, timestamp } = record;
      if (value === null) gone.push(this.id, key);
      else if (stateKey.isDecision(key)) put.push(this.id, key, ...dated(value, timestamp));
      else put.push(this.id, key, value, null);
    }
    await this.file.thread.write([
      { sql: PUT_ENTRY, width: 4, values: put },
      { sql: DELETE_ENTRY, width: 2, values: gone },
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

/** A decision that was stored before decisions had a time has that of its record. */
function dated(json: string, timestamp: number): [json: string, at: number | null] {
  const stored = { at: timestamp, ...(JSON.parse(json) as Partial<StoredDecision>) } as StoredDecision;
  return [JSON.stringify(stored), decidedAt(stored)];
}
