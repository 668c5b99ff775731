import type { SqliteThread, SqliteValue } from '../sqlite/sqlite-thread';
import { decidedAt, type StateEntry } from './stored-state';

/** One entry with its place in the cache. */
export interface PlacedEntry {
  /** Its number in `state.db`. */
  readonly partition: number;
  readonly entry: StateEntry;
}

/** Writes one entry: partition, key, value, log time of a decision. */
export const PUT_ENTRY = 'insert or replace into entries values (?, ?, ?, ?)';
/** Deletes one entry: partition, key. */
export const DELETE_ENTRY = 'delete from entries where partition = ? and key = ?';

const LINGER_MS = 100;
const RETRY_MS = 500;
const WAITING_MAX = 50_000;

/**
 * Entries that are committed in the log but not yet in `state.db`. They are found here until they are written, so a slow or full disk
 * under the cache never shows an old state; many changes of one key cost one write.
 */
export class WriteBehind {
  private waiting = new Map<string, PlacedEntry>();
  private writing = new Map<string, PlacedEntry>();
  private running: Promise<boolean> | undefined;

  constructor(private readonly thread: SqliteThread) {}

  /** @returns `null` when what is unwritten is its deletion */
  get(key: string): StateEntry['value'] | undefined {
    return (this.waiting.get(key) ?? this.writing.get(key))?.entry.value;
  }

  /** @returns what to wait for when too much is unwritten, so that memory stays bounded */
  add(entries: readonly (readonly [key: string, entry: PlacedEntry])[]): Promise<unknown> | undefined {
    for (const [key, entry] of entries) this.waiting.set(key, entry);
    this.running ??= this.cycle(LINGER_MS);
    return this.waiting.size > WAITING_MAX ? this.running : undefined;
  }

  /** Resolves with whether all that was added before is written; what comes meanwhile does not count. */
  async flush(): Promise<boolean> {
    // The cycle under way may have begun before the last addition; the one after it has not, and writes again what the first could not.
    await this.running;
    return (await this.running) !== false;
  }

  /** Forgets what is unwritten of the keys with a prefix: their changelog will be read again. */
  drop(prefix: string): void {
    for (const entries of [this.waiting, this.writing]) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    }
  }

  /** Writes what waits, once; resolves with false when that failed, and is then tried again by itself. */
  private async cycle(lingerMs: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, lingerMs).unref());
    this.writing = this.waiting;
    this.waiting = new Map();
    let isWritten = true;
    try {
      await this.write([...this.writing.values()]);
    } catch {
      // What came meanwhile is newer and must win.
      this.waiting = new Map([...this.writing, ...this.waiting]);
      isWritten = false;
    }
    this.writing = new Map();
    this.running = this.waiting.size > 0 ? this.cycle(isWritten ? LINGER_MS : RETRY_MS) : undefined;
    return isWritten;
  }

  private async write(entries: readonly PlacedEntry[]): Promise<void> {
    const put: SqliteValue[] = [];
    const gone: SqliteValue[] = [];
    for (const { partition, entry } of entries) {
      const { key, value, json } = entry;
      if (value === null) gone.push(partition, key);
      else put.push(partition, key, json, decidedAt(value));
    }
    await this.thread.write([
      { sql: PUT_ENTRY, width: 4, values: put },
      { sql: DELETE_ENTRY, width: 2, values: gone },
    ]);
  }
}
