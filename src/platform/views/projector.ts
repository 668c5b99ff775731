import type { Log } from '../log/log.port';
import type { Projection } from './projection';
import type { ProjectionFailure } from './projection-failures';
import { pruneDeleteMarks } from './view-reads';
import { asError } from '../as-error';
import type { ProjectionParts } from './projection-parts';
import { ViewRebuilds } from './rebuild/view-rebuilds';
import { ViewRunner } from './view-runner';

const HOUSEKEEPING_MS = 60_000;
const DELETE_MARKS_KEPT_MS = 24 * 3_600_000;

/** How far a view is behind the log in one partition. */
export interface ViewLag {
  readonly view: string;
  readonly topic: string;
  readonly partition: number;
  /** Offsets not yet projected; on Kafka it counts transaction markers too. */
  readonly behind: number;
}

/** Runs the views of this process: exact, resumable, each in its own consumer group. The store must have prepared them. */
export class Projector {
  private readonly runners: readonly ViewRunner[];
  private readonly rebuilds: ViewRebuilds;
  private readonly log: Log;
  private housekeeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly parts: ProjectionParts,
    projections: readonly Projection[],
  ) {
    this.log = parts.log;
    this.runners = projections.map((projection) => new ViewRunner(parts, projection));
    this.rebuilds = new ViewRebuilds(parts, projections);
  }

  /** Resolves when every view has joined its group; the views catch up afterwards. */
  async start(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.start()));
    this.rebuilds.start();
    this.housekeeping = setInterval(() => void this.housekeep(), HOUSEKEEPING_MS);
    this.housekeeping.unref();
  }

  /** Every group has been joined, and no partition waits for an upgrade, the database or the log. */
  get isReady(): boolean {
    const waiting = this.failures().some(({ code }) => code !== 'PROJECTION_FAILED');
    return !waiting && this.runners.every(({ hasJoined }) => hasJoined);
  }

  /** All that keeps views from going on, now. */
  failures(): ProjectionFailure[] {
    return this.runners.flatMap(({ failures }) => failures.list());
  }

  /** Of the partitions that this process owns. @throws what `log.bounds` throws */
  async lag(): Promise<ViewLag[]> {
    const owned = this.runners.flatMap((runner) =>
      runner.owned.map((partition) => ({ view: runner.projection.name, ...partition })),
    );
    return Promise.all(
      owned.map(async ({ view, topic, partition, offset }) => {
        const { end } = await this.log.bounds(topic, partition);
        return { view, topic, partition, behind: Math.max(0, end - offset) };
      }),
    );
  }

  /** By view: time of the oldest event that was read and is not projected. */
  oldestWaiting(): { view: string; at: number }[] {
    return this.runners.flatMap(({ projection, waitingSince }) => {
      return waitingSince.length === 0 ? [] : { view: projection.name, at: Math.min(...waitingSince) };
    });
  }

  /** Somebody in this process has asked for something: a rebuild or its end, or that a parked event is dealt with. */
  async lookForRequests(): Promise<void> {
    for (const runner of this.runners) runner.lookForRequests();
    await this.rebuilds.look();
  }

  /** Deletes what views and streams keep for a time only. Runs by itself once a minute. */
  async housekeep(now: number = Date.now()): Promise<void> {
    const { store, callbacks } = this.parts;
    for (const { projection } of this.runners) {
      const { name, stream, retention } = projection;
      try {
        if (stream === 'table') await pruneDeleteMarks(store, name, now - DELETE_MARKS_KEPT_MS);
        if (retention !== undefined) await store.deleteOlder(name, retention.column, now - retention.ms);
      } catch (error) {
        callbacks.report(`view ${name}: old rows are still there`, asError(error));
      }
    }
  }

  /** Leaves the groups after the transactions under way. */
  async close(): Promise<void> {
    clearInterval(this.housekeeping);
    await this.rebuilds.close();
    await Promise.all(this.runners.map((runner) => runner.close()));
  }
}
