import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import type { PersonalIndex } from '../../../kernel/personal-data';
import type { RowShape } from '../../../kernel/view';
import type { LogRecord } from '../../log/log.port';
import { indexOf, type IndexFor, type Projection } from '../../views/projection';
import { keyText, RowCodec, shownKey, type StoredValue } from '../../views/row.codec';
import { foldOf } from '../../views/view-fold';
import type { Findings } from './findings';
import type { LogReader } from './log-reader';
import { Scratch } from './scratch';
import type { ViewsSnapshot } from './views-snapshot';

const ROWS_PER_PAGE = 1_000;

/**
 * Compares the rows of a view with the fold of the events up to its checkpoints, both as of the snapshot.
 *
 * @returns the number of rows; undefined when the view was never filled
 */
export async function verifyView(
  reader: LogReader,
  snapshot: ViewsSnapshot,
  projection: Projection,
  findings: Findings,
  indexFor: IndexFor,
): Promise<number | undefined> {
  const { name } = projection;
  const [entry, checkpoints] = [
    await snapshot.selectFrom('view_tables').select('table_name').where('view', '=', name).executeTakeFirst(),
    await snapshot.selectFrom('checkpoints').selectAll().where('view', '=', name).execute(),
  ];
  if (entry === undefined) return undefined;
  // Read after the snapshot: a checkpoint can be past none of them.
  const bounds = await reader.bounds();
  const codec = new RowCodec(projection.table);
  const folds = new Scratch();
  try {
    for (const { topic, partition, next_offset: next, sequence } of checkpoints) {
      const place = `${name} ${topic}/${partition}`;
      const there = bounds.get(topic)?.[partition] ?? { start: 0, end: 0 };
      if (next > there.end) {
        findings.add('checkpoint', place, `it is at ${next}, the log ends at ${there.end}`);
      }
      const aside = await setAside(snapshot, name, topic, partition);
      let last = 0;
      for await (const records of reader.read(topic, partition, there.start, Math.min(next, there.end))) {
        const index = await indexOf(projection, records, indexFor);
        last = foldRecords(projection, codec, records, folds, aside, last, index);
      }
      if (last !== sequence) findings.add('checkpoint', place, `it says sequence ${sequence}, its offset ${last}`);
    }
    return await compareRows(snapshot, entry.table_name, codec, folds, name, findings);
  } catch (error) {
    findings.add('view', name, `it cannot be folded: ${error instanceof Error ? error.message : String(error)}`);
    return 0;
  } finally {
    folds.close();
  }
}

/** Offsets of the records that are parked for the view, or given up: its rows are the fold of all others. */
async function setAside(snapshot: ViewsSnapshot, view: string, topic: string, partition: number): Promise<Set<number>> {
  const offsets = new Set<number>();
  for (const table of ['parked_records', 'dropped_records'] as const) {
    const rows = await snapshot
      .selectFrom(table)
      .select('record_offset')
      .where('view', '=', view)
      .where('topic', '=', topic)
      .where('partition', '=', partition)
      .execute();
    for (const { record_offset: offset } of rows) offsets.add(offset);
  }
  return offsets;
}

/** @returns the sequence of the last event, `last` being that of the one before */
function foldRecords(
  projection: Projection,
  codec: RowCodec,
  records: readonly LogRecord[],
  folds: Scratch,
  aside: ReadonlySet<number>,
  last: number,
  index: PersonalIndex | undefined,
): number {
  let sequence = last;
  const projected = records.flatMap((record) => {
    if (aside.has(record.offset)) {
      // Counted by the view like any other, when it is the next one.
      if (record.headers['sequence'] === String(sequence + 1)) sequence++;
      return [];
    }
    const read = projection.read(record, index);
    sequence = read?.sequence ?? sequence;
    return read ?? [];
  });
  const view = { projection, codec, generation: 0 };
  const { keys, fold } = foldOf(
    view,
    projected.map(({ changes }) => changes),
  );
  const existing = new Map<string, RowShape>();
  for (const key of keys.keys()) {
    const row = folds.get(key) as RowShape | undefined;
    if (row !== undefined) existing.set(key, row);
  }
  const { rows, deletes } = fold(existing, 0);
  const changed = new Map<string, RowShape | undefined>();
  for (const { row } of rows) changed.set(keyText(codec.key(row)), row);
  for (const key of deletes) changed.set(keyText(key), undefined);
  folds.write(changed);
  return sequence;
}

async function compareRows(
  snapshot: ViewsSnapshot,
  table: string,
  codec: RowCodec,
  folds: Scratch,
  view: string,
  findings: Findings,
): Promise<number> {
  let count = 0;
  for await (const page of pages(snapshot, table, codec)) {
    count += page.length;
    const seen = new Map<string, undefined>();
    for (const stored of page) {
      const row = codec.decoded(stored);
      const key = keyText(codec.key(row));
      const wanted = folds.get(key);
      seen.set(key, undefined);
      if (wanted === undefined) findings.add('view', view, `row ${shownKey(key)} is of no event`);
      else if (!isDeepStrictEqual(row, wanted)) {
        findings.add(
          'view',
          view,
          `row ${shownKey(key)} is ${JSON.stringify(row)}, its events say ${JSON.stringify(wanted)}`,
        );
      }
    }
    folds.write(seen);
  }
  for (const { key } of folds.entries()) findings.add('view', view, `row ${shownKey(key)} is missing`);
  return count;
}

/** All rows of a table, by key, a page at a time. */
async function* pages(snapshot: ViewsSnapshot, table: string, codec: RowCodec): AsyncGenerator<RowShape[]> {
  const key = sql.join(codec.table.key.map((column) => sql.ref(column)));
  let after: StoredValue[] | undefined;
  for (;;) {
    const where = after === undefined ? sql`` : sql`where (${key}) > (${sql.join(after)})`;
    const query = sql<RowShape>`select * from ${sql.table(table)} ${where} order by ${key} limit ${sql.lit(ROWS_PER_PAGE)}`;
    const { rows } = await query.execute(snapshot);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_PER_PAGE) return;
    after = codec.key(codec.decoded(last));
  }
}
