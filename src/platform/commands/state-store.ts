import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { bootIdentity } from '../sqlite/boot-identity';
import { SqliteFailure, SqliteThread } from '../sqlite/sqlite-thread';
import { RecentEntries } from './recent-entries';
import { StatePartition, type StateFile, type StoredValue } from './state-partition';
import { WriteBehind } from './write-behind';

const SCHEMA = [
  'create table if not exists owner (log text not null, boot text not null)',
  `create table if not exists partitions (
     id integer primary key, topic text not null, partition integer not null, next integer not null default 0,
     folds text not null default '', unique (topic, partition))`,
  `create table if not exists entries (
     partition integer not null, key text not null, value text not null, decided integer,
     primary key (partition, key)) without rowid`,
  // Fails on a file from before decisions had a time, which is then thrown away as a damaged one.
  'create index if not exists decisions on entries (partition, decided, key) where decided is not null',
];
/** In place of a boot's name while nobody has the file open. */
const CLOSED = 'closed';
const ENTRIES_CACHED_MAX = 20_000;
const WAL_PAGES_MAX = 8_000;

/**
 * The folded state of aggregates, decisions and positions: a cache of the `<module>.state` topics in `state.db`, with the recent entries in
 * memory. Loading an aggregate costs one look-up, however long its history. Losing the file costs only the restore.
 */
export class StateStore {
  private readonly file: StateFile;

  private constructor(
    thread: SqliteThread,
    private readonly reader: Database.Database,
  ) {
    this.file = {
      thread,
      select: reader.prepare('select value from entries where partition = ? and key = ?'),
      decided: reader.prepare('select decided from entries where partition = ? and key = ?'),
      decisions: reader.prepare(
        `select key, decided as at from entries where partition = ? and decided is not null
         and (decided, key) > (?, ?) and decided <= ? order by decided, key limit ?`,
      ),
      recent: new RecentEntries<StoredValue>(ENTRIES_CACHED_MAX),
      unwritten: new WriteBehind(thread),
    };
  }

  /**
   * Opens `state.db`. It is only a cache, so it is written without fsync, and thrown away when it is damaged, belongs to another log, or
   * was open when the machine went down.
   *
   * @param logId id of the log that the cache must belong to
   */
  static async open(directory: string, logId: string): Promise<StateStore> {
    const path = join(directory, 'state.db');
    try {
      return await StateStore.openFile(path, logId);
    } catch (error) {
      if (!(error instanceof SqliteFailure || error instanceof UnusableState)) throw error;
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
      return StateStore.openFile(path, logId);
    }
  }

  private static async openFile(path: string, logId: string): Promise<StateStore> {
    const thread = await SqliteThread.open({
      path,
      synchronous: 'FULL',
      shared: true,
      walPagesMax: WAL_PAGES_MAX,
      schema: SCHEMA,
    });
    try {
      const { rows } = await thread.query('select log, boot from owner');
      const [owner] = rows;
      if (owner === undefined) await thread.query('insert into owner values (?, ?)', [logId, CLOSED]);
      else if (owner['log'] !== logId) throw new UnusableState('it belongs to another log');
      else if (owner['boot'] !== CLOSED && owner['boot'] !== bootIdentity()) {
        throw new UnusableState('the machine went down while it was open');
      }
      // Safe on disk before the first write that is not.
      await thread.query('update owner set boot = ?', [bootIdentity()]);
      await thread.query('pragma synchronous = off');
    } catch (error) {
      await thread.close();
      throw error;
    }
    return new StateStore(thread, new Database(path, { readonly: true }));
  }

  /** The cache of one partition of a state topic. */
  async partition(topic: string, partition: number): Promise<StatePartition> {
    const { thread } = this.file;
    const at = [topic, partition];
    await thread.query('insert into partitions (topic, partition) values (?, ?) on conflict do nothing', at);
    const { rows } = await thread.query('select id, next, folds from partitions where topic = ? and partition = ?', at);
    const { id, next, folds } = rows[0] ?? {};
    return new StatePartition(this.file, Number(id), Number(next), String(folds));
  }

  /** Makes the file safe for the next machine too. */
  async close(): Promise<void> {
    const { thread, unwritten } = this.file;
    await unwritten.flush();
    this.reader.close();
    await thread.query('pragma synchronous = full');
    await thread.query('pragma wal_checkpoint(truncate)');
    await thread.query('update owner set boot = ?', [CLOSED]);
    await thread.close();
  }
}

/** `state.db` cannot be trusted; the changelog has all of it. */
class UnusableState extends Error {
  override readonly name = 'UnusableState';
}
