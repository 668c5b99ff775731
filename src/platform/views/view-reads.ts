import { sql, type Compilable, type Kysely } from 'kysely';
import type { RowShape, TableDefinition } from '../../kernel/view';
import { JsonColumnsPlugin } from './json-columns.plugin';
import type { PlatformTables } from './platform-tables';
import type { Checkpoint, PreparedView, ReadStore, RowQuery } from './read-store.port';

/** See {@link ReadStore.from}. */
export function queryOf<Row extends RowShape>(db: Kysely<PlatformTables>, table: TableDefinition<Row>): RowQuery<Row> {
  const json = Object.keys(table.columns).filter((name) => table.columns[name] === 'json');
  const reader = json.length === 0 ? db : db.withPlugin(new JsonColumnsPlugin(json));
  const query: unknown = reader.selectFrom(sql.table<Row>(table.name).as('row'));
  return query as RowQuery<Row>;
}

/** The view with the generation that is live now. */
export async function currentView(db: Kysely<PlatformTables>, view: PreparedView): Promise<PreparedView> {
  const { generation } = await db
    .selectFrom('view_tables')
    .select('generation')
    .where('view', '=', view.projection.name)
    .executeTakeFirstOrThrow();
  return { ...view, generation };
}

/** Checkpoints of one view, as committed. */
export async function readCheckpoints(store: ReadStore, view: string): Promise<Checkpoint[]> {
  return store.db
    .selectFrom('checkpoints')
    .select(['topic', 'partition', 'next_offset as offset', 'sequence', 'epoch'])
    .where('view', '=', view)
    .execute();
}

/** Makes the caller the partition's owner and every earlier one stale. `start` counts only where there is no checkpoint yet. */
export async function takeOwnership(
  store: ReadStore,
  view: string,
  topic: string,
  partition: number,
  start: number,
): Promise<Checkpoint> {
  const query: Compilable<Checkpoint> = store.db
    .insertInto('checkpoints')
    .values({ view, topic, partition, next_offset: start, sequence: 0, epoch: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['view', 'topic', 'partition'])
        .doUpdateSet((eb) => ({ epoch: eb('checkpoints.epoch', '+', 1) })),
    )
    .returning(['topic', 'partition', 'next_offset as offset', 'sequence', 'epoch']);
  const [checkpoint] = await store.write<Checkpoint>(query);
  if (checkpoint === undefined) throw new Error(`no checkpoint came back for ${view} ${topic}/${partition}`);
  return checkpoint;
}

/** Delete marks before a time go; a stream that resumes from before them is reset. */
export async function pruneDeleteMarks(store: ReadStore, view: string, before: number): Promise<void> {
  const { db } = store;
  const newest = await db
    .selectFrom('delete_marks')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('view', '=', view)
    .where('marked_at', '<', before)
    .executeTakeFirst();
  const seq = newest?.seq ?? null;
  if (seq === null) return;
  // First the promise, then the deed: a crash between leaves marks that nobody needs.
  await store.write(db.updateTable('stream_counters').set({ pruned: seq }).where('view', '=', view));
  await store.write(db.deleteFrom('delete_marks').where('view', '=', view).where('seq', '<=', seq));
}
