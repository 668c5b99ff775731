import type { Log } from '../../log/log.port';
import { partitionsOf } from '../../log/partitions-of';
import {
  NoRebuild,
  RebuildRunning,
  UnknownView,
  type RebuildProgress,
  type ViewOperations,
  type ViewStatus,
} from '../../operations/operations.port';
import type { PlatformTables } from '../platform-tables';
import type { Projection } from '../projection';
import type { ReadStore } from '../read-store.port';
import { readCheckpoints } from '../view-reads';
import { beginRebuild } from '../view-tables';
import { allRebuilds, dropRebuild, generationOf, lockView, runningRebuild } from './rebuild-tables';

type Rebuild = PlatformTables['view_rebuilds'];

/** Everything about views that can be asked and told through their database alone: by the process that projects them, and by any other. */
export class StoredViewOperations implements ViewOperations {
  /** @param asked called when something in the database waits for the projectors: those of this process need not wait for their next look */
  constructor(
    private readonly log: Pick<Log, 'bounds' | 'partitions'>,
    private readonly store: ReadStore,
    private readonly projections: readonly Projection[],
    private readonly asked: () => void = () => undefined,
  ) {}

  async list(): Promise<ViewStatus[]> {
    const rebuilds = await allRebuilds(this.store.db);
    const live = await this.store.db.selectFrom('view_tables').select(['view', 'generation']).execute();
    const views = this.projections.map(async (projection): Promise<ViewStatus> => {
      const { name } = projection;
      const generation = live.find(({ view }) => view === name)?.generation ?? 0;
      const { total, done } = await this.read(projection, name);
      const lag = total - done;
      const rebuild = rebuilds.find(({ view }) => view === name);
      if (rebuild === undefined) return { name, status: 'live', generation, lag };
      const { failure } = rebuild;
      if (failure !== null) return { name, status: 'failed', generation, lag, failure };
      return { name, status: 'rebuilding', generation, lag, progress: await this.progress(projection, rebuild) };
    });
    const listed = await Promise.all(views);
    return listed.sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async rebuild(view: string): Promise<void> {
    const projection = this.projection(view);
    await this.store.transact(async (db) => {
      const live = await lockView(db, view);
      const known = await runningRebuild(db, view);
      if (known !== undefined && known.failure === null) throw new RebuildRunning(`${view} is being rebuilt already`);
      if (known !== undefined) await dropRebuild(db, projection, known.generation);
      await beginRebuild(db, this.store.kind, projection, live + 1);
    });
    this.asked();
  }

  async abort(view: string): Promise<void> {
    const projection = this.projection(view);
    await this.store.transact(async (db) => {
      await lockView(db, view);
      const known = await runningRebuild(db, view);
      if (known === undefined) throw new NoRebuild(`${view} is not being rebuilt`);
      await dropRebuild(db, projection, known.generation);
    });
    this.asked();
  }

  private async progress(
    projection: Projection,
    { generation, started_at: startedAt }: Rebuild,
  ): Promise<RebuildProgress> {
    const { done, total } = await this.read(projection, generationOf(projection, generation).name);
    const seconds = Math.max(Date.now() - startedAt, 1) / 1_000;
    const recordsPerSecond = done / seconds;
    return { done, total, recordsPerSecond, secondsLeft: done === 0 ? null : (total - done) / recordsPerSecond };
  }

  /** Records that a generation has read, and could have. */
  private async read({ topics }: Projection, generation: string): Promise<{ done: number; total: number }> {
    const checkpoints = await readCheckpoints(this.store, generation);
    const counts = await Promise.all(
      partitionsOf(this.log, topics).map(async ({ topic, partition }) => {
        const { start, end } = await this.log.bounds(topic, partition);
        const checkpoint = checkpoints.find((one) => one.topic === topic && one.partition === partition);
        return { done: Math.min(Math.max((checkpoint?.offset ?? start) - start, 0), end - start), total: end - start };
      }),
    );
    return {
      done: counts.reduce((sum, { done }) => sum + done, 0),
      total: counts.reduce((sum, { total }) => sum + total, 0),
    };
  }

  private projection(view: string): Projection {
    const projection = this.projections.find(({ name }) => name === view);
    if (projection === undefined) throw new UnknownView(`no view is called ${view}`);
    return projection;
  }
}
