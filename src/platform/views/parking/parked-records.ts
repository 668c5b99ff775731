import type { Compilable, Kysely } from 'kysely';
import type { LogRecord } from '../../log/log.port';
import type { PlatformTables } from '../platform-tables';

type Db = Kysely<PlatformTables>;
type ParkedRow = PlatformTables['parked_records'];

/** Rows in one statement: SQLite takes 32,766 parameters. */
const ROWS_PER_STATEMENT = 500;

/** What an operator has asked for; its owner does it. */
export type ParkedRequest = 'retry' | 'drop';

/** A record that one view cannot take now. */
export interface ParkedRecord {
  readonly record: LogRecord;
  /** Its number within the partition; 0 when it has none that can be trusted. */
  readonly sequence: number;
  /** `null` when it only waits behind an earlier one of its key. */
  readonly cause: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Records without a key share one. */
export function parkingKey({ key }: Pick<LogRecord, 'key'>): string {
  return key ?? '';
}

/** Statements that park these records for a view; to be run in the transaction that moves its checkpoint over them. */
export function park(db: Db, view: string, parked: readonly ParkedRecord[]): Compilable[] {
  const rows = parked.map(({ record, sequence, cause, at }): ParkedRow => {
    const { topic, partition, offset, key, value, headers, timestamp } = record;
    return {
      view,
      topic,
      partition,
      record_offset: offset,
      record_key: parkingKey(record),
      sequence,
      record: JSON.stringify({ key, value, headers, timestamp }),
      cause,
      parked_at: at,
      request: null,
    };
  });
  const statements: Compilable[] = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    statements.push(db.insertInto('parked_records').values(rows.slice(from, from + ROWS_PER_STATEMENT)));
  }
  return statements;
}

/** Where a key is parked. */
export interface ParkedPlace {
  readonly view: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
}

/** A statement that takes a key's records up to an offset out of the parking place. */
export function release(db: Db, { view, topic, partition, key }: ParkedPlace, upTo: number): Compilable {
  return db
    .deleteFrom('parked_records')
    .where('view', '=', view)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .where('record_key', '=', key)
    .where('record_offset', '<=', upTo);
}

/** A statement that notes that a record was given up. */
export function noteDropped(db: Db, { view, topic, partition }: ParkedPlace, offset: number): Compilable {
  const at = Date.now();
  return db.insertInto('dropped_records').values({ view, topic, partition, record_offset: offset, dropped_at: at });
}

/** A statement that notes why a parked record could not be taken this time either. */
export function parkAgain(db: Db, { view, topic, partition }: ParkedPlace, offset: number, cause: string): Compilable {
  return db
    .updateTable('parked_records')
    .set({ cause, request: null, parked_at: Date.now() })
    .where('view', '=', view)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .where('record_offset', '=', offset);
}

/** Keys of a partition that have something parked. */
export async function parkedKeys(db: Db, view: string, topic: string, partition: number): Promise<Set<string>> {
  const rows = await db
    .selectFrom('parked_records')
    .select('record_key')
    .distinct()
    .where('view', '=', view)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .execute();
  return new Set(rows.map((row) => row.record_key));
}

/** Partitions that have something parked. */
export function parkedPlaces(db: Db, view: string): Promise<{ topic: string; partition: number }[]> {
  return db.selectFrom('parked_records').select(['topic', 'partition']).distinct().where('view', '=', view).execute();
}

/** The oldest parked records of a key, in order. */
export async function oldestParked(db: Db, place: ParkedPlace, limit: number): Promise<LogRecord[]> {
  const { view, topic, partition, key } = place;
  const rows = await db
    .selectFrom('parked_records')
    .select(['topic', 'partition', 'record_offset', 'record'])
    .where('view', '=', view)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .where('record_key', '=', key)
    .orderBy('record_offset')
    .limit(limit)
    .execute();
  return rows.map(asRecord);
}

/** What operators have asked for. */
export async function requested(db: Db, view: string): Promise<(ParkedPlace & { readonly request: ParkedRequest })[]> {
  const rows = await db
    .selectFrom('parked_records')
    .select(['topic', 'partition', 'record_key as key', 'request'])
    .where('view', '=', view)
    .where('request', 'is not', null)
    .execute();
  return rows.flatMap(({ request, ...place }) => (request === null ? [] : [{ view, ...place, request }]));
}

/** Whether the event of this sequence is parked. */
export async function isParked(
  db: Db,
  view: string,
  { topic, partition, sequence }: { readonly topic: string; readonly partition: number; readonly sequence: number },
): Promise<boolean> {
  const row = await db
    .selectFrom('parked_records')
    .select('record_offset')
    .where('view', '=', view)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .where('sequence', '=', sequence)
    .executeTakeFirst();
  return row !== undefined;
}

/** The record as it stood in the log. */
export function asRecord(row: Pick<ParkedRow, 'topic' | 'partition' | 'record_offset' | 'record'>): LogRecord {
  const stored = JSON.parse(row.record) as Pick<LogRecord, 'key' | 'value' | 'headers' | 'timestamp'>;
  return { topic: row.topic, partition: row.partition, offset: row.record_offset, ...stored };
}
