import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SqliteFailure, SqliteThread, type SqliteValue, type SqliteWrite } from '../../sqlite/sqlite-thread';
import { DiskFull, LogSetupError, LogUnavailable, type FoundTopic, type LogRecord, type TopicSpec } from '../log.port';
import { asError } from '../../as-error';

/** A topic as it stands in `log.db`. */
export interface StoredTopic {
  readonly name: string;
  /** Ids of its partitions, in order. */
  readonly partitionIds: readonly number[];
  /** JSON of the policy. */
  readonly policy: string;
}

export function foundTopic({ name, partitionIds, policy }: StoredTopic): FoundTopic {
  return { name, partitions: partitionIds.length, policy: JSON.parse(policy) as TopicSpec['policy'] };
}

/** Where a partition's records lie. */
export interface PartitionPlace {
  readonly topic: string;
  readonly partition: number;
  /** Its number in the file. */
  readonly partitionId: number;
  /** Whether offsets may be missing between records: compaction leaves holes, nothing else does. */
  readonly hasHoles: boolean;
}

/** The records that one commit adds to one partition. */
export interface Chunk {
  readonly partitionId: number;
  readonly records: readonly LogRecord[];
}

export interface OffsetMove {
  readonly group: string;
  readonly partitionId: number;
  readonly next: number;
}

/** What is stored of a record; its offset follows from its place in the chunk. */
type StoredRecord = [key: string | null, value: string | null, headers: LogRecord['headers'], timestamp: number];

/** A chunk's row id is its partition's id times this, plus its first offset: partitions lie side by side, each in offset order. */
const OFFSETS_PER_PARTITION = 2 ** 40;
const PARTITIONS_MAX = 2 ** 13;

export function placeOf(partitionId: number, offset: number): number {
  return partitionId * OFFSETS_PER_PARTITION + offset;
}

export function offsetOf(place: number): number {
  return place % OFFSETS_PER_PARTITION;
}

const SCHEMA = [
  'create table if not exists topics (name text primary key, policy text not null) without rowid',
  `create table if not exists partitions (
     id integer primary key, topic text not null, partition integer not null, unique (topic, partition))`,
  'create table if not exists chunks (place integer primary key, records text not null, crc integer not null)',
  `create table if not exists offsets (
     name text not null, partition integer not null, next integer not null, crc integer not null,
     primary key (name, partition)) without rowid`,
  'create table if not exists seals (name text primary key, crc integer not null) without rowid',
  'create table if not exists compactions (partition integer primary key, next integer not null, kept integer not null)',
];
const INSERT_CHUNK =
  'insert into chunks select place, records, checksum(place, records) from (select ? as place, ? as records)';
const MOVE_OFFSET = `insert or replace into offsets select name, partition, next, checksum(name, partition, next)
  from (select ? as name, ? as partition, ? as next)`;
const CHUNKS_PER_READ_MAX = 200;
const WAL_PAGES_MAX = 4_000;

/**
 * The tables of `log.db`. What one commit adds to one partition is one row with a checksum that is verified on every read, so a
 * damaged record is never served.
 */
export class EmbeddedStore {
  private constructor(
    private readonly thread: SqliteThread,
    readonly path: string,
  ) {}

  /** @throws LogSetupError LOG_IN_USE or LOG_DAMAGED */
  static async open(directory: string): Promise<EmbeddedStore> {
    const path = join(directory, 'log.db');
    try {
      const thread = await SqliteThread.open({
        path,
        synchronous: 'FULL',
        exclusive: true,
        busyTimeoutMs: 0,
        cacheKb: 16_384,
        walPagesMax: WAL_PAGES_MAX,
        schema: SCHEMA,
      });
      return new EmbeddedStore(thread, path);
    } catch (error) {
      throw translate(error, path);
    }
  }

  /** @throws LogSetupError LOG_DAMAGED */
  async topics(): Promise<StoredTopic[]> {
    const topics = await this.query('select name, policy from topics order by name', []);
    const partitions = await this.query('select id, topic from partitions order by topic, partition', []);
    const [seal] = await this.query("select crc from seals where name = 'topics'", []);
    const stored = topics.map((topic): StoredTopic => ({
      name: String(topic['name']),
      policy: String(topic['policy']),
      partitionIds: partitions.filter((row) => row['topic'] === topic['name']).map((row) => Number(row['id'])),
    }));
    // A file from before there were seals gets one with its next topic.
    if (seal === undefined || seal['crc'] === sealOf(stored)) return stored;
    throw new LogSetupError('LOG_DAMAGED', `${this.path} is damaged where it names its topics`);
  }

  /** @param existing all there are */
  async addTopic(
    existing: readonly StoredTopic[],
    name: string,
    partitions: number,
    policy: string,
  ): Promise<StoredTopic> {
    const first = 1 + Math.max(0, ...existing.flatMap(({ partitionIds }) => partitionIds));
    if (first + partitions > PARTITIONS_MAX) {
      throw new LogSetupError('LOG_TOPIC_POLICY', `the embedded log holds at most ${PARTITIONS_MAX} partitions`);
    }
    const added = { name, policy, partitionIds: Array.from({ length: partitions }, (_, index) => first + index) };
    const places = added.partitionIds.flatMap((id, partition) => [id, name, partition]);
    await this.write([
      { sql: 'insert into topics values (?, ?)', width: 2, values: [name, policy] },
      { sql: 'insert into partitions (id, topic, partition) values (?, ?, ?)', width: 3, values: places },
      { sql: "insert or replace into seals values ('topics', ?)", width: 1, values: [sealOf([...existing, added])] },
    ]);
    return added;
  }

  /**
   * First offset that may be read and the one after the last.
   *
   * @throws LogSetupError LOG_DAMAGED
   */
  async bounds(at: PartitionPlace, policy: TopicSpec['policy']): Promise<{ start: number; end: number }> {
    const range = [placeOf(at.partitionId, 0), placeOf(at.partitionId + 1, 0)];
    const [edges] = await this.query(
      `select (select place from chunks where place >= ? and place < ? order by place limit 1) as first,
              (select place from chunks where place >= ? and place < ? order by place desc limit 1) as last`,
      [...range, ...range],
    );
    if (edges?.['last'] === null || edges?.['last'] === undefined) return { start: 0, end: 0 };
    const first = offsetOf(Number(edges['first']));
    const last = offsetOf(Number(edges['last']));
    if (policy === 'keep' && first > 0) throw this.damaged(at, 0);
    const end = (await this.read(at, last)).at(-1)?.offset ?? last;
    return { start: policy === 'compact' ? 0 : first, end: end + 1 };
  }

  /** @throws LogSetupError LOG_DAMAGED */
  async committed(group: string, partitionId: number): Promise<number | undefined> {
    const [row] = await this.query(
      'select next, checksum(name, partition, next) = crc as intact from offsets where name = ? and partition = ?',
      [group, partitionId],
    );
    if (row === undefined) return undefined;
    if (row['intact'] === 1) return Number(row['next']);
    throw new LogSetupError('LOG_DAMAGED', `${this.path} is damaged at the offset of ${group}`);
  }

  /**
   * Records from an offset on, at least one when there is any.
   *
   * @throws LogSetupError LOG_DAMAGED when a record is not what was written, or is gone
   */
  async read(at: PartitionPlace, from: number): Promise<LogRecord[]> {
    const base = placeOf(at.partitionId, 0);
    const rows = await this.query(
      `select place, records, checksum(place, records) = crc as intact from chunks
       where place >= coalesce((select max(place) from chunks where place between ? and ?), ?) and place < ?
       order by place limit ?`,
      [base, base + from, base, base + OFFSETS_PER_PARTITION, CHUNKS_PER_READ_MAX],
    );
    const records: LogRecord[] = [];
    let expected = from;
    for (const row of rows) {
      const first = Number(row['place']) - base;
      const isGap = first > expected && !at.hasHoles;
      if (row['intact'] !== 1 || isGap) throw this.damaged(at, isGap ? expected : first);
      const stored = JSON.parse(String(row['records'])) as StoredRecord[];
      for (const [index, [key, value, headers, timestamp]] of stored.entries()) {
        const offset = first + index;
        if (offset < from) continue;
        records.push({
          topic: at.topic,
          partition: at.partition,
          offset,
          key,
          value,
          headers,
          timestamp,
          decoded: undefined,
        });
      }
      expected = first + stored.length;
    }
    return records;
  }

  /** One durable transaction. */
  async commit(chunks: Iterable<Chunk>, moves: readonly OffsetMove[]): Promise<void> {
    const values: SqliteValue[] = [];
    for (const { partitionId, records } of chunks) {
      const stored = records.map(({ key, value, headers, timestamp }): StoredRecord => [
        key,
        value,
        headers,
        timestamp,
      ]);
      const first = records[0]?.offset ?? 0;
      values.push(placeOf(partitionId, first), JSON.stringify(stored));
    }
    const batch: SqliteWrite[] = [{ sql: INSERT_CHUNK, width: 2, values }];
    if (moves.length > 0) {
      const offsets = moves.flatMap(({ group, partitionId, next }) => [group, partitionId, next]);
      batch.push({ sql: MOVE_OFFSET, width: 3, values: offsets });
    }
    await this.write(batch);
  }

  /** @throws LogUnavailable or DiskFull */
  async backup(path: string): Promise<void> {
    try {
      await this.thread.backup(path);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  close(): Promise<void> {
    return this.thread.close();
  }

  /** Runs one statement. */
  async query(sql: string, values: readonly SqliteValue[]): Promise<Record<string, unknown>[]> {
    try {
      return (await this.thread.query(sql, values)).rows;
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /** One durable transaction, for retention; resolves with the rows changed per statement. */
  async write(batch: readonly SqliteWrite[]): Promise<number[]> {
    try {
      return await this.thread.write(batch);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  damaged(at: PartitionPlace, offset: number): LogSetupError {
    return new LogSetupError('LOG_DAMAGED', `${this.path} is damaged at ${at.topic}/${at.partition}@${offset}`);
  }
}

/** Checksum of what the file says of its topics: a name or number misread would give records to another topic, or hide them. */
function sealOf(topics: readonly StoredTopic[]): number {
  const lines = topics.map(({ name, policy, partitionIds }) => JSON.stringify([name, policy, partitionIds]));
  return crc32(lines.toSorted().join('\n'));
}

function translate(error: unknown, path: string): Error {
  if (!(error instanceof SqliteFailure)) return asError(error);
  if (error.code.startsWith('SQLITE_BUSY')) {
    return new LogSetupError('LOG_IN_USE', `${path} is in use by another process`);
  }
  if (error.code === 'SQLITE_NOTADB' || error.code.startsWith('SQLITE_CORRUPT')) {
    return new LogSetupError('LOG_DAMAGED', `${path} is damaged: ${error.message}`);
  }
  if (error.code === 'SQLITE_FULL') return new DiskFull('no space is left for the log');
  return new LogUnavailable(`${path}: ${error.code} ${error.message}`);
}
