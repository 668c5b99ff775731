import { setTimeout as pause } from 'node:timers/promises';
import { foldBatch, FoldFailed, touchedKeys } from './view-fold';
import type { FeedEntry, PartitionFeed } from './partition-feed';
import type { ProjectionFailures } from './projection-failures';
import type { Projection } from './projection';
import type { CheckpointMove, ReadStore } from './read-store.port';
import { readCheckpoints } from './view-reads';
import { asError } from '../as-error';
import { ProjectionInvariantBroken, RowsRefused, StaleOwner } from './views.errors';
import type { StoredValue } from './row.codec';
import type { ProjectionParts } from './projection-parts';

/** Events in one transaction. */
const BATCH_EVENTS_MAX = 4_000;
const BACKOFF_MS_MAX = 1_000;
/**
 * While events keep coming, transactions start this far apart: a few large ones cost a fraction of many small ones, since every one writes
 * whole pages. When somebody waits for the view or watches it, freshness comes first.
 */
const PACE_MS = 60;
const PACE_ATTENDED_MS = 5;
/** The distance after a transaction of so many events. */
const PACE_CROWD_MS = 300;
const CROWD = 200;
/** A checkpoint that only skips records without meaning can wait for company. */
const SKIP_LINGER_MS = 200;

interface Taken {
  readonly feed: PartitionFeed;
  readonly entries: readonly FeedEntry[];
}

/**
 * One loop per view: what waits over all its owned partitions goes into one SQL transaction. Entries leave their feed only once they
 * are committed, so every failure is answered by collecting again.
 */
export class ViewWriteLoop {
  private readonly store: ReadStore;
  private running: Promise<void> | undefined;
  private isClosed = false;
  private isAwake = false;
  private wakeUp: (() => void) | undefined;
  private eventsMax = BATCH_EVENTS_MAX;
  private backoffMs = 0;
  private turn = 0;

  constructor(
    private readonly parts: ProjectionParts,
    private readonly projection: Projection,
    private readonly feeds: ReadonlySet<PartitionFeed>,
    private readonly failures: ProjectionFailures,
  ) {
    this.store = parts.store;
  }

  start(): void {
    this.running = this.run().catch((error: unknown) => this.parts.callbacks.fatal(asError(error)));
  }

  /** Something may be waiting. */
  wake(): void {
    this.isAwake = true;
    this.wakeUp?.();
  }

  /** Lets the transaction under way end. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isClosed) {
      this.isAwake = false;
      const batch = this.collect();
      if (batch.length > 0) {
        const started = performance.now();
        await this.project(batch);
        await this.pace(started, countOf(batch) < CROWD ? PACE_MS : PACE_CROWD_MS);
      } else {
        const skipped = this.skipped();
        const isNews = await this.sleep(skipped.length > 0 ? SKIP_LINGER_MS : undefined);
        if (!isNews && !this.isClosed) await this.project(skipped);
      }
    }
  }

  private async pace(started: number, distanceMs: number): Promise<void> {
    const { signals } = this.parts;
    while (!this.isClosed && !this.isFull()) {
      const paceMs = signals.isAttended(this.projection.name) ? PACE_ATTENDED_MS : distanceMs;
      const spareMs = started + paceMs - performance.now();
      if (spareMs <= 0) return;
      await pause(Math.min(spareMs, PACE_ATTENDED_MS));
    }
  }

  /** A whole transaction waits, or a reader waits for room. */
  private isFull(): boolean {
    let events = 0;
    for (const feed of this.feeds) {
      if (feed.isFull) return true;
      events += feed.waiting;
    }
    return events >= BATCH_EVENTS_MAX;
  }

  private collect(): Taken[] {
    const feeds = [...this.feeds];
    const batch: Taken[] = [];
    let left = this.eventsMax;
    this.turn++;
    for (let index = 0; index < feeds.length && left > 0; index++) {
      const feed = feeds[(index + this.turn) % feeds.length];
      if (feed === undefined || feed.waiting === 0) continue;
      const entries = feed.peek(left);
      left -= entries.length;
      batch.push({ feed, entries });
    }
    return batch;
  }

  private skipped(): Taken[] {
    return [...this.feeds]
      .filter((feed) => feed.waiting === 0 && feed.isAheadOfCheckpoint)
      .map((feed) => ({ feed, entries: [] }));
  }

  /** @returns whether something is waiting, or else the time is over */
  private async sleep(ms: number | undefined): Promise<boolean> {
    if (this.isAwake || this.isClosed) return true;
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
    return this.isAwake;
  }

  private async project(batch: readonly Taken[]): Promise<void> {
    const started = performance.now();
    try {
      const moves = batch.map(({ feed, entries }) => feed.move(entries.length));
      await this.commit(batch, moves);
      this.committed(batch, moves);
      const partitions = batch.map(({ entries }) => entries);
      this.parts.onProjected?.({ view: this.projection.name, partitions, started });
      this.recovered();
      this.eventsMax = Math.min(this.eventsMax * 2, BATCH_EVENTS_MAX);
    } catch (error) {
      await this.recover(batch, asError(error));
    }
  }

  private async commit(batch: readonly Taken[], moves: readonly CheckpointMove[]): Promise<void> {
    const { name, stream } = this.projection;
    const { codec } = this.store.view(name);
    const events = batch.flatMap(({ entries }) => entries.map(({ changes }) => changes));
    const keys = new Map<string, readonly StoredValue[]>();
    for (const [index, changes] of events.entries()) {
      try {
        if (stream !== 'log') touchedKeys(codec, changes, keys);
      } catch (error) {
        throw new FoldFailed(index, asError(error));
      }
    }
    const fold = foldBatch.bind(undefined, codec, stream, events);
    await this.store.commit(name, { keys, moves, fold });
  }

  private committed(batch: readonly Taken[], moves: readonly CheckpointMove[]): void {
    const { progress, signals } = this.parts;
    for (const [index, { topic, partition, to, sequence }] of moves.entries()) {
      const feed = batch[index]?.feed;
      feed?.committed(to, sequence);
      const offset = feed?.waiting === 0 ? feed.position : to;
      progress.advance(this.projection.name, topic, partition, { offset, sequence });
    }
    signals.emit(this.projection.name);
  }

  private async recover(batch: readonly Taken[], error: Error): Promise<void> {
    const isData = error instanceof FoldFailed || error instanceof RowsRefused;
    if (!isData && !(error instanceof StaleOwner)) return this.backOff(error);
    try {
      // Events that are projected already may well be refused: first of all the checkpoints must be where we think.
      if ((await this.isOvertaken(batch)) || !isData) return;
    } catch (failure) {
      return this.backOff(asError(failure));
    }
    if (error instanceof FoldFailed) this.stopAt(batch, error.index, error.cause);
    else if (countOf(batch) <= 1) this.stopAt(batch, 0, error);
    // The transaction does not say which event it was: one at a time, it is the first.
    else this.eventsMax = 1;
  }

  private stopAt(batch: readonly Taken[], index: number, error: Error): void {
    let first = 0;
    for (const { feed, entries } of batch) {
      if (index < first + entries.length) {
        const offset = (entries[index - first]?.next ?? 0) - 1;
        const cause = new Error(`${feed.topic}/${feed.partition}@${offset}: ${error.message}`, { cause: error });
        feed.stopAt(index - first);
        this.failures.add('PROJECTION_FAILED', feed.topic, feed.partition, cause);
        this.parts.callbacks.report(`view ${this.projection.name} stops at ${feed.topic}/${feed.partition}`, cause);
        return;
      }
      first += entries.length;
    }
  }

  /**
   * Looks whether a checkpoint is not where we think. Either another owner has the partition (its epoch is higher), or our last
   * transaction was committed and the answer was lost.
   */
  private async isOvertaken(batch: readonly Taken[]): Promise<boolean> {
    let isOvertaken = false;
    const { callbacks, progress, signals } = this.parts;
    const { name } = this.projection;
    const checkpoints = await readCheckpoints(this.store, name);
    for (const { feed } of batch) {
      const { topic, partition } = feed;
      const found = checkpoints.find((one) => one.topic === topic && one.partition === partition);
      if (found?.epoch === feed.epoch && found.offset === feed.offset) continue;
      isOvertaken = true;
      if (found === undefined || found.epoch !== feed.epoch) {
        feed.lose();
        callbacks.report(`view ${name} has lost ${topic}/${partition}`, new StaleOwner('another owner has taken it'));
      } else if (found.offset > feed.offset) {
        feed.committed(found.offset, found.sequence);
        progress.advance(name, topic, partition, found);
      } else {
        const reason = `the checkpoint of ${topic}/${partition} went back from ${feed.offset} to ${found.offset}`;
        callbacks.fatal(new ProjectionInvariantBroken(`view ${name}: ${reason}`));
        feed.lose();
      }
    }
    this.recovered();
    if (isOvertaken) signals.emit(name);
    return isOvertaken;
  }

  private recovered(): void {
    this.backoffMs = 0;
    this.failures.wholeRecovered();
  }

  private async backOff(error: Error): Promise<void> {
    if (this.failures.addWhole('VIEWS_UNAVAILABLE', error)) {
      this.parts.callbacks.report(`view ${this.projection.name} cannot be written`, error);
    }
    this.backoffMs = Math.min(Math.max(this.backoffMs * 2, 50), BACKOFF_MS_MAX);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.backoffMs);
      if (this.isClosed) {
        clearTimeout(timer);
        resolve();
      }
    });
  }
}

/** Events in it. */
function countOf(batch: readonly Taken[]): number {
  return batch.reduce((sum, { entries }) => sum + entries.length, 0);
}
