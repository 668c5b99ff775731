import { join } from 'node:path';
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

/** One sentence about what a topic has and must have instead; undefined when all is well. */
export function contradiction(topic: StoredTopic, policy: string, partitions: number | undefined): string | undefined {
  const { name, partitionIds } = topic;
  if (partitions !== undefined && partitionIds.length !== partitions) {
    return `topic ${name} has ${partitionIds.length} partitions, ${partitions} are asked for; an existing topic keeps its own`;
  }
  return topic.policy === policy ? undefined : `topic ${name} has the policy ${topic.policy}, it must be ${policy}`;
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

const SCHEMA = [
  'create table if not exists topics (name text primary key, policy text not null) without rowid',
  `create table if not exists partitions (
     id integer primary key, topic text not null, partition integer not null, unique (topic, partition))`,
  'create table if not exists chunks (place integer primary key, records text not null, crc integer not null)',
  `create table if not exists group_offsets (
     name text not null, partition integer not null, next integer not null, primary key (name, partition)) without rowid`,
];
const INSERT_CHUNK =
  'insert into chunks select place, records, checksum(place, records) from (select ? as place, ? as records)';
const MOVE_OFFSET = `insert into group_offsets values (?, ?, ?)
  on conflict (name, partition) do update set next = excluded.next`;
const CHUNKS_PER_READ_MAX = 200;
const WAL_PAGES_MAX = 4_000;

/**
 * The tables of `log.db`. What one commit adds to one partition is one row with a checksum that is verified on every read, so a
 * damaged record is never served.
 */
export class EmbeddedStore {
  private constructor(
    private readonly thread: SqliteThread,
    private readonly path: string,
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

  async topics(): Promise<StoredTopic[]> {
    const topics = await this.query('select name, policy from topics', []);
    const partitions = await this.query('select id, topic from partitions order by topic, partition', []);
    return topics.map((topic) => ({
      name: String(topic['name']),
      policy: String(topic['policy']),
      partitionIds: partitions.filter((row) => row['topic'] === topic['name']).map((row) => Number(row['id'])),
    }));
  }

  async addTopic(name: string, partitions: number, policy: string): Promise<StoredTopic> {
    const places = Array.from({ length: partitions }, (_, partition) => [name, partition]).flat();
    await this.write([
      { sql: 'insert into topics values (?, ?)', width: 2, values: [name, policy] },
      { sql: 'insert into partitions (topic, partition) values (?, ?)', width: 2, values: places },
    ]);
    const added = (await this.topics()).find((topic) => topic.name === name);
    if (added === undefined || added.partitionIds.some((id) => id >= PARTITIONS_MAX)) {
      throw new LogSetupError('LOG_TOPIC_POLICY', `the embedded log holds at most ${PARTITIONS_MAX} partitions`);
    }
    return added;
  }

  /** First offset present and the one after the last. */
  async bounds(partitionId: number): Promise<{ start: number; end: number }> {
    const range = [partitionId * OFFSETS_PER_PARTITION, (partitionId + 1) * OFFSETS_PER_PARTITION];
    const [edges] = await this.query(
      `select (select place from chunks where place >= ? and place < ? order by place limit 1) as first,
              (select place from chunks where place >= ? and place < ? order by place desc limit 1) as last`,
      [...range, ...range],
    );
    if (edges?.['last'] === null || edges?.['last'] === undefined) return { start: 0, end: 0 };
    const first = Number(edges['first']) % OFFSETS_PER_PARTITION;
    const last = Number(edges['last']) % OFFSETS_PER_PARTITION;
    const records = await this.read({ topic: '', partition: 0, partitionId }, last);
    return { start: first, end: last + records.length };
  }

  async committed(group: string, partitionId: number): Promise<number | undefined> {
    const sql = 'select next from group_offsets where name = ? and partition = ?';
    const [row] = await this.query(sql, [group, partitionId]);
    return row === undefined ? undefined : Number(row['next']);
  }

  /**
   * Records from an offset on, at least one when there is any.
   *
   * @throws LogSetupError LOG_DAMAGED when a record is not what was written
   */
  async read(at: { topic: string; partition: number; partitionId: number }, from: number): Promise<LogRecord[]> {
    const base = at.partitionId * OFFSETS_PER_PARTITION;
    const rows = await this.query(
      `select place, records, checksum(place, records) = crc as intact from chunks
       where place >= (select max(place) from chunks where place between ? and ?) and place < ? order by place limit ?`,
      [base, base + from, base + OFFSETS_PER_PARTITION, CHUNKS_PER_READ_MAX],
    );
    return rows.flatMap((row) => {
      const first = Number(row['place']) - base;
      if (row['intact'] !== 1) {
        throw new LogSetupError('LOG_DAMAGED', `${this.path} is damaged at ${at.topic}/${at.partition}@${first}`);
      }
      const stored = JSON.parse(String(row['records'])) as StoredRecord[];
      return stored
        .map(([key, value, headers, timestamp], index): LogRecord => {
          return { topic: at.topic, partition: at.partition, offset: first + index, key, value, headers, timestamp };
        })
        .filter(({ offset }) => offset >= from);
    });
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
      values.push(partitionId * OFFSETS_PER_PARTITION + first, JSON.stringify(stored));
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

  private async query(sql: string, values: readonly SqliteValue[]): Promise<Record<string, unknown>[]> {
    try {
      return (await this.thread.query(sql, values)).rows;
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  private async write(batch: readonly SqliteWrite[]): Promise<void> {
    try {
      await this.thread.write(batch);
    } catch (error) {
      throw translate(error, this.path);
    }
  }
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
