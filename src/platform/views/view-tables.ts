import { createHash } from 'node:crypto';
import {
  sql,
  type ColumnDataType,
  type Compilable,
  type CreateIndexBuilder,
  type CreateTableBuilder,
  type Kysely,
  type RawBuilder,
} from 'kysely';
import type { ColumnType } from '../../kernel/view';
import type { PlatformTables } from './platform-tables';
import type { Projection } from './projection';
import type { PreparedView } from './read-store.port';
import { dropRebuild, forgetPlaces, generationOf, retiredTable, runningRebuild } from './rebuild/rebuild-tables';
import { RowCodec } from './row.codec';
import { ViewsForeign } from './views.errors';

/** JSON is kept as text in both dialects: the very text that was put in comes back. Text sorts by its bytes in both. */
const SQL_TYPES: Record<'sqlite' | 'postgres', Record<ColumnType, ColumnDataType | RawBuilder<unknown>>> = {
  sqlite: { text: 'text', integer: 'bigint', double: 'double precision', json: 'text' },
  postgres: { text: sql`text collate "C"`, integer: 'bigint', double: 'double precision', json: 'text' },
};

/**
 * Binds the views to this log for good.
 * @throws ViewsForeign when they were filled from another
 */
async function bindToLog(db: Kysely<PlatformTables>, logId: string): Promise<void> {
  const bound = await db.selectFrom('log_identity').select('id').executeTakeFirst();
  if (bound === undefined) {
    await db.insertInto('log_identity').values({ id: logId }).execute();
  } else if (bound.id !== logId) {
    throw new ViewsForeign(
      `these views were filled from log ${bound.id}, but this is log ${logId}: use the views' own log, or empty views`,
    );
  }
}

/**
 * Makes or checks the tables of these views, for this log alone. Run it in a transaction.
 * @throws ViewsForeign
 */
export async function prepareAll(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  logId: string,
  projections: readonly Projection[],
): Promise<PreparedView[]> {
  await bindToLog(db, logId);
  const prepared: PreparedView[] = [];
  for (const projection of projections) prepared.push(await prepareTable(db, kind, projection));
  return prepared;
}

/** Makes the view's table, or drops it and its checkpoints first when its definition has changed. Run it in a transaction. */
async function prepareTable(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  projection: Projection,
): Promise<PreparedView> {
  const { name, table } = projection;
  const codec = new RowCodec(table);
  const definition = definitionHash(projection);
  await db
    .insertInto('stream_counters')
    .values({ view: name, seq: 0, pruned: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const known = await db
    .selectFrom('view_tables')
    .select(['definition', 'generation', 'table_name'])
    .where('view', '=', name)
    .executeTakeFirst();
  await db.schema.dropTable(retiredTable(projection)).ifExists().execute();
  const rebuild = await runningRebuild(db, name);
  if (rebuild !== undefined && rebuild.definition !== definition) await dropRebuild(db, projection, rebuild.generation);
  if (known?.definition === definition) return { projection, codec, generation: known.generation };
  const generation = (known?.generation ?? 0) + 1;
  if (known !== undefined) {
    await db.schema.dropTable(known.table_name).ifExists().execute();
    await forgetPlaces(db, name);
    await db.updateTable('stream_counters').set({ seq: 0, pruned: 0 }).where('view', '=', name).execute();
  }
  await createTable(db, kind, projection, { isIndexed: true });
  const entry = { table_name: table.name, definition, generation };
  await db
    .insertInto('view_tables')
    .values({ view: name, ...entry })
    .onConflict((conflict) => conflict.column('view').doUpdateSet(entry))
    .execute();
  return { projection, codec, generation };
}

/**
 * Makes what a new generation is filled into, and asks the projectors to fill it. A log view needs none of its rows while it is filled, so
 * it gets its indexes when it is full: six times as fast as row by row. Run it in a transaction.
 */
export async function beginRebuild(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  projection: Projection,
  generation: number,
): Promise<void> {
  const filled = generationOf(projection, generation);
  const definition = definitionHash(projection);
  const isIndexed = projection.stream !== 'log';
  await db
    .insertInto('view_rebuilds')
    .values({
      view: projection.name,
      generation,
      definition,
      started_at: Date.now(),
      failure: null,
      is_indexed: isIndexed ? 1 : 0,
    })
    .execute();
  await db.insertInto('stream_counters').values({ view: filled.name, seq: 0, pruned: 0 }).execute();
  await createTable(db, kind, filled, { isIndexed });
}

/** Begins the filling of a generation anew, with its indexes from the start. Run it in a transaction. */
export async function refillIndexed(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  projection: Projection,
  generation: number,
): Promise<void> {
  const filled = generationOf(projection, generation);
  const { numUpdatedRows } = await markIndexed(db, projection, generation)
    .where('is_indexed', '=', 0)
    .executeTakeFirstOrThrow();
  // It was aborted, or another process has begun it anew.
  if (numUpdatedRows === 0n) return;
  await forgetPlaces(db, filled.name);
  await db.updateTable('stream_counters').set({ seq: 0 }).where('view', '=', filled.name).execute();
  await db.schema.dropTable(filled.table.name).ifExists().execute();
  await createTable(db, kind, filled, { isIndexed: true });
}

/** What gives the bare table of a generation its indexes, to run in one transaction; a second time it changes nothing. */
export function indexingOfRebuild(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  projection: Projection,
  generation: number,
): Compilable[] {
  // The mark first of all, so that two processes do it one after the other.
  return [markIndexed(db, projection, generation), ...indexingOf(db, kind, generationOf(projection, generation))];
}

function markIndexed(db: Kysely<PlatformTables>, { name }: Projection, generation: number) {
  return db
    .updateTable('view_rebuilds')
    .set({ is_indexed: 1 })
    .where('view', '=', name)
    .where('generation', '=', generation);
}

async function createTable(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  projection: Projection,
  { isIndexed }: { isIndexed: boolean },
): Promise<void> {
  const { table, stream } = projection;
  const { columns } = new RowCodec(table);
  const isRowId = hasRowIdSeq(kind, projection);
  let create: CreateTableBuilder<string, string> = db.schema.createTable(table.name);
  for (const { name, type } of columns) {
    const isKey = table.key.includes(name);
    create = create.addColumn(name, SQL_TYPES[kind][type], (column) => (isKey ? column.notNull() : column));
  }
  if (isRowId) create = create.addColumn('seq', 'integer', (column) => column.primaryKey());
  else if (stream !== undefined) create = create.addColumn('seq', 'bigint', (column) => column.notNull());
  if (stream !== 'log') create = create.addPrimaryKeyConstraint(`${table.name}_key`, [...table.key]);
  if (kind === 'sqlite' && isSlim(projection)) create = create.modifyEnd(sql`without rowid`);
  await create.execute();
  const indexes = isIndexed ? indexingOf(db, kind, projection) : [];
  for (const index of indexes) await index.execute();
}

/** Rows so short, and with no other way to them than their key, that SQLite had better keep them in the tree of the keys. */
function isSlim(projection: Projection): boolean {
  const { table, stream } = projection;
  const hasJson = Object.values(table.columns).includes('json');
  return !hasJson && stream === undefined && (table.indexes ?? []).length === 0;
}

/** Rows of a log view never change their place in its stream: SQLite keeps them in that order, and needs no index for it. */
function hasRowIdSeq(kind: 'sqlite' | 'postgres', { stream }: Projection): boolean {
  return kind === 'sqlite' && stream === 'log';
}

/** The view's indexes, made where they are missing. A filtered stream reads "this filter's rows after seq in seq order" from one of them. */
function indexingOf(
  db: Kysely<PlatformTables>,
  kind: 'sqlite' | 'postgres',
  projection: Projection,
): CreateIndexBuilder[] {
  const { table, stream } = projection;
  const indexes = (table.indexes ?? []).map((index) => (stream === undefined ? [...index] : [...index, 'seq']));
  if (stream !== undefined && !hasRowIdSeq(kind, projection)) indexes.push(['seq']);
  const made = indexes.map((columns, number) =>
    db.schema.createIndex(`${table.name}_index_${number}`).ifNotExists().on(table.name).columns(columns),
  );
  const key = db.schema
    .createIndex(`${table.name}_key`)
    .ifNotExists()
    .unique()
    .on(table.name)
    .columns([...table.key]);
  return stream === 'log' ? [key, ...made] : made;
}

/** Differs whenever a table made for the one could not serve the other. */
export function definitionHash({ table, stream }: Projection): string {
  const { columns, key, indexes } = table;
  const text = JSON.stringify([table.name, Object.entries(columns), key, indexes ?? [], stream ?? null]);
  return createHash('sha256').update(text).digest('hex');
}
