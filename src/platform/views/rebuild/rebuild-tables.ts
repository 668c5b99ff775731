import { sql, type Kysely } from 'kysely';
import type { PlatformTables } from '../platform-tables';
import type { Projection } from '../projection';

type Db = Kysely<PlatformTables>;
type Rebuild = PlatformTables['view_rebuilds'];

/**
 * A new generation of a view, as a view of its own: other table, consumer group and checkpoints, the same events. So everything that keeps
 * a view exact keeps its rebuild exact, through crashes and take-overs too.
 */
export function generationOf(projection: Projection, generation: number): Projection {
  // What time takes away is left to the live table.
  const { retention: _retention, ...lasting } = projection;
  const { name, table } = projection;
  return {
    ...lasting,
    name: `${name}@${generation}`,
    consumer: name,
    table: { ...table, name: `${table.name}_g${generation}` },
  };
}

/** Name of the table that a swap has put aside, until it is dropped. */
export function retiredTable({ table }: Projection): string {
  return `${table.name}_retired`;
}

/**
 * Holds back everybody else who would begin, end or swap generations of the view.
 * @returns the live generation
 */
export async function lockView(db: Db, view: string): Promise<number> {
  const { generation } = await db
    .updateTable('view_tables')
    .set((eb) => ({ generation: eb('generation', '+', 0) }))
    .where('view', '=', view)
    .returning('generation')
    .executeTakeFirstOrThrow();
  return generation;
}

/** Every rebuild under way or failed. */
export function allRebuilds(db: Db): Promise<Rebuild[]> {
  return db.selectFrom('view_rebuilds').selectAll().execute();
}

export function runningRebuild(db: Db, view: string): Promise<Rebuild | undefined> {
  return db.selectFrom('view_rebuilds').selectAll().where('view', '=', view).executeTakeFirst();
}

/** Notes that a rebuild cannot go on: whoever asks for the views is told. */
export function failRebuild(db: Db, view: string, generation: number, failure: string): Promise<unknown> {
  return db
    .updateTable('view_rebuilds')
    .set({ failure })
    .where('view', '=', view)
    .where('generation', '=', generation)
    .execute();
}

/**
 * Drops a generation that is being filled. Its writers find neither counter nor checkpoints, and stop.
 * @returns whether there was one
 */
export async function dropRebuild(db: Db, projection: Projection, generation: number): Promise<boolean> {
  const filled = generationOf(projection, generation);
  const { numDeletedRows } = await db
    .deleteFrom('view_rebuilds')
    .where('view', '=', projection.name)
    .where('generation', '=', generation)
    .executeTakeFirstOrThrow();
  await forgetPlaces(db, filled.name);
  await db.deleteFrom('stream_counters').where('view', '=', filled.name).execute();
  await db.schema.dropTable(filled.table.name).ifExists().execute();
  return numDeletedRows > 0n;
}

/** Rows that a generation of a log view has. */
export async function rowsOf(db: Db, projection: Projection, generation: number): Promise<number> {
  const counter = await db
    .selectFrom('stream_counters')
    .select('seq')
    .where('view', '=', generationOf(projection, generation).name)
    .executeTakeFirst();
  return counter?.seq ?? 0;
}

/** Whether the generation has come as far as the live one, in every partition. */
export async function isLevel(db: Db, projection: Projection, generation: number): Promise<boolean> {
  const behind = await db
    .selectFrom('checkpoints as live')
    .leftJoin('checkpoints as filled', (join) =>
      join
        .onRef('filled.topic', '=', 'live.topic')
        .onRef('filled.partition', '=', 'live.partition')
        .on('filled.view', '=', generationOf(projection, generation).name),
    )
    .where('live.view', '=', projection.name)
    .where((eb) =>
      eb.or([eb('filled.next_offset', 'is', null), eb('filled.next_offset', '<', eb.ref('live.next_offset'))]),
    )
    .select('live.partition')
    .limit(1)
    .execute();
  return behind.length === 0;
}

/**
 * Puts a generation in the place of the live one: its rows, its checkpoints, what it has parked. Every owner of the live view is stale
 * from then on, and takes its partitions anew. Run it in a transaction.
 *
 * @returns false when it is not level with the live one, has no indexes yet, or is no longer there; then nothing has changed
 */
export async function swapGenerations(db: Db, projection: Projection, generation: number): Promise<boolean> {
  const { name, table } = projection;
  const filled = generationOf(projection, generation);
  await lockView(db, name);
  // With both counters locked neither the live view nor the new one moves.
  const counters = await db
    .updateTable('stream_counters')
    .set((eb) => ({ seq: eb('seq', '+', 0) }))
    .where('view', 'in', [name, filled.name])
    .returning(['seq'])
    .execute();
  if (counters.length < 2 || !(await isLevel(db, projection, generation))) return false;
  const rebuild = await runningRebuild(db, name);
  if (rebuild?.generation !== generation || rebuild.failure !== null || rebuild.is_indexed === 0) return false;
  await takePlaces(db, name, filled.name);
  // Above both counters, so that whoever remembers the one or the other sees that it has moved.
  const seq = Math.max(...counters.map((counter) => counter.seq)) + 1;
  await db.updateTable('stream_counters').set({ seq, pruned: seq }).where('view', '=', name).execute();
  await db.deleteFrom('stream_counters').where('view', '=', filled.name).execute();
  await db.schema.dropTable(retiredTable(projection)).ifExists().execute();
  await db.schema.alterTable(table.name).renameTo(retiredTable(projection)).execute();
  await db.schema.alterTable(filled.table.name).renameTo(table.name).execute();
  await db.updateTable('view_tables').set({ generation }).where('view', '=', name).execute();
  await db.deleteFrom('view_rebuilds').where('view', '=', name).execute();
  return true;
}

async function takePlaces(db: Db, live: string, filled: string): Promise<void> {
  await sql`
    insert into checkpoints (view, topic, partition, next_offset, sequence, epoch)
    select ${live}, topic, partition, next_offset, sequence, 0 from checkpoints as filled where filled.view = ${filled}
    on conflict (view, topic, partition) do update
      set next_offset = excluded.next_offset, sequence = excluded.sequence, epoch = checkpoints.epoch + 1
  `.execute(db);
  await db.deleteFrom('delete_marks').where('view', '=', live).execute();
  for (const table of ['parked_records', 'dropped_records'] as const) {
    await db.deleteFrom(table).where('view', '=', live).execute();
    await db.updateTable(table).set({ view: live }).where('view', '=', filled).execute();
  }
  await forgetPlaces(db, filled);
}

/** Removes what a runner has taken after its rebuild was dropped. */
export async function forgetEnded(db: Db, projection: Projection, generation: number): Promise<void> {
  await db
    .deleteFrom('checkpoints')
    .where('view', '=', generationOf(projection, generation).name)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('view_rebuilds')
            .select('view_rebuilds.view')
            .where('view_rebuilds.view', '=', projection.name)
            .where('view_rebuilds.generation', '=', generation),
        ),
      ),
    )
    .execute();
}

/** Removes how far a view has come, and what it has parked. */
export async function forgetPlaces(db: Db, view: string): Promise<void> {
  await db.deleteFrom('checkpoints').where('view', '=', view).execute();
  await db.deleteFrom('delete_marks').where('view', '=', view).execute();
  await db.deleteFrom('parked_records').where('view', '=', view).execute();
  await db.deleteFrom('dropped_records').where('view', '=', view).execute();
}
