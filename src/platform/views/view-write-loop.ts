import { setTimeout as pause } from 'node:timers/promises';
import { FoldFailed, foldOf } from './view-fold';
import { mergeFeeds, type Taken, type ViewBatch } from './merge-feeds';
import type { PartitionFeed } from './partition-feed';
import type { ProjectionFailures } from './projection-failures';
import type { Projection } from './projection';
import { deadLetter } from '../log/dead-letter';
import type { LogRecord } from '../log/log.port';
import { partitionsOf } from '../log/partitions-of';
import { park } from './parking/parked-records';
import { ParkedSettlement } from './parking/parked-settlement';
import type { CheckpointMove, ReadStore } from './read-store.port';
import { reconcile } from './reconcile-checkpoints';
import { asError } from '../as-error';
import { RowsRefused, StaleOwner } from './views.errors';
import type { ProjectionParts } from './projection-parts';
import { paceOf, type Tempo } from './tempo';

const BACKOFF_MS_MAX = 1_000;
/** How often an operator's requests are looked for, while something is parked. */
const REQUESTS_LOOK_MS = 500;
const GATHER_MS_MAX = 500;
/** A checkpoint that only skips records without meaning can wait for company. */
const SKIP_LINGER_MS = 200;

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
  private eventsMax: number;
  private backoffMs = 0;
  private requestsDueAt = 0;
  private skipsDueAt: number | undefined;
  private gatheredAt: number | undefined;
  private readonly settlement: ParkedSettlement;

  constructor(
    private readonly parts: ProjectionParts,
    private readonly projection: Projection,
    private readonly feeds: ReadonlySet<PartitionFeed>,
    private readonly failures: ProjectionFailures,
    private readonly tempo: Tempo,
  ) {
    this.store = parts.store;
    this.eventsMax = tempo.batchMax;
    this.settlement = new ParkedSettlement(this.store, projection, parts.indexFor);
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

  /** An operator has asked for something that is parked. */
  lookForRequests(): void {
    this.requestsDueAt = 0;
    this.wake();
  }

  /** Leaves a dead letter in the log before a record is parked; a repeat has the same id. @throws what `append` throws */
  async tellParked(record: LogRecord, cause: unknown): Promise<void> {
    const { log, callbacks } = this.parts;
    const { name, consumer = name } = this.projection;
    await log.append([deadLetter(consumer, record, cause)]);
    const { topic, partition, offset } = record;
    callbacks.report(`view ${name} parks ${topic}/${partition}@${offset}`, asError(cause));
  }

  private async run(): Promise<void> {
    while (!this.isClosed) {
      this.isAwake = false;
      await this.settleRequests();
      const batch = this.collect();
      if (batch.entries.length > 0) {
        this.skipsDueAt = undefined;
        const started = performance.now();
        await this.project(batch);
        await this.pace(started, paceOf(this.tempo, batch.entries.length));
      } else {
        await this.projectSkips();
      }
    }
  }

  private async projectSkips(): Promise<void> {
    const skipped = this.skipped();
    const now = performance.now();
    if (skipped.length === 0) this.skipsDueAt = undefined;
    else this.skipsDueAt ??= now + SKIP_LINGER_MS;
    if (this.skipsDueAt === undefined) await this.sleep(this.hasParked() ? REQUESTS_LOOK_MS : undefined);
    else if (this.skipsDueAt > now) await this.sleep(this.skipsDueAt - now);
    else {
      this.skipsDueAt = undefined;
      await this.project({ taken: skipped, entries: [] });
    }
  }

  private hasParked(): boolean {
    for (const feed of this.feeds) {
      if (feed.hasParked) return true;
    }
    return false;
  }

  private async settleRequests(): Promise<void> {
    if (!this.hasParked() || performance.now() < this.requestsDueAt) return;
    this.requestsDueAt = performance.now() + REQUESTS_LOOK_MS;
    try {
      if (await this.settlement.settle(this.feeds)) this.parts.signals.emit(this.projection.name);
    } catch (error) {
      const taken = [...this.feeds].map((feed) => ({ feed, entries: [] }));
      await this.recover({ taken, entries: [] }, asError(error));
    }
  }

  private async pace(started: number, distanceMs: number): Promise<void> {
    const { signals } = this.parts;
    const { paceAttendedMs } = this.tempo;
    while (!this.isClosed && !this.isFull()) {
      const paceMs = signals.isAttended(this.projection.name) ? paceAttendedMs : distanceMs;
      const spareMs = started + paceMs - performance.now();
      if (spareMs <= 0) return;
      await pause(Math.min(spareMs, paceAttendedMs));
    }
  }

  /** A whole transaction waits, or a reader waits for room. */
  private isFull(): boolean {
    let events = 0;
    for (const feed of this.feeds) {
      if (feed.isFull) return true;
      events += feed.waiting;
    }
    return events >= this.tempo.batchMax;
  }

  private collect(): ViewBatch {
    const isPatient = this.tempo.isPatient && this.projection.stream === 'log';
    if (isPatient && this.isGathering()) return { taken: [], entries: [] };
    return mergeFeeds([...this.feeds], this.eventsMax, isPatient);
  }

  /** A group hands its partitions over one after the other; it may hand some of them to another process. */
  private isGathering(): boolean {
    if (this.gatheredAt === undefined && this.feeds.size > 0) {
      this.gatheredAt = performance.now() + GATHER_MS_MAX;
      setTimeout(() => this.wake(), GATHER_MS_MAX).unref();
    }
    const isLate = this.gatheredAt !== undefined && performance.now() >= this.gatheredAt;
    return !isLate && this.feeds.size < partitionsOf(this.parts.log, this.projection.topics).length;
  }

  private skipped(): Taken[] {
    return [...this.feeds]
      .filter((feed) => feed.waiting === 0 && feed.isAheadOfCheckpoint)
      .map((feed) => ({ feed, entries: [] }));
  }

  /** Until something may be waiting, or the time is over. */
  private async sleep(ms: number | undefined): Promise<void> {
    if (this.isAwake || this.isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
  }

  private async project(batch: ViewBatch): Promise<void> {
    const started = performance.now();
    try {
      const moves = batch.taken.map(({ feed, entries }) => feed.move(entries.length));
      await this.commit(batch, moves);
      this.committed(batch, moves);
      const partitions = batch.taken.map(({ entries }) => entries.filter(({ parked }) => parked === undefined));
      this.parts.onProjected?.({ view: this.projection.name, partitions, started });
      this.recovered();
      this.eventsMax = Math.min(this.eventsMax * 2, this.tempo.batchMax);
    } catch (error) {
      await this.recover(batch, asError(error));
    }
  }

  private async commit({ entries }: ViewBatch, moves: readonly CheckpointMove[]): Promise<void> {
    const parked = entries.flatMap((entry) => entry.parked ?? []);
    const also = parked.length === 0 ? [] : park(this.store.db, this.projection.name, parked);
    const events = entries.map(({ changes }) => changes);
    const fold = foldOf(this.store.view(this.projection.name), events);
    await this.store.commit(this.projection.name, { ...fold, moves, also });
  }

  private committed({ taken }: ViewBatch, moves: readonly CheckpointMove[]): void {
    const { progress, signals } = this.parts;
    for (const [index, { topic, partition, to, sequence }] of moves.entries()) {
      const feed = taken[index]?.feed;
      feed?.committed(to, sequence);
      const offset = feed?.waiting === 0 ? feed.position : to;
      progress.advance(this.projection.name, topic, partition, {
        offset,
        sequence,
        hasParked: feed?.hasParked ?? false,
      });
    }
    signals.emit(this.projection.name);
  }

  private async recover(batch: ViewBatch, error: Error): Promise<void> {
    const isData = error instanceof FoldFailed || error instanceof RowsRefused;
    if (!isData && !(error instanceof StaleOwner)) return this.backOff(error);
    try {
      // Events that are projected already may well be refused: first of all the checkpoints must be where we think.
      const feeds = batch.taken.map(({ feed }) => feed);
      const isOvertaken = await reconcile(this.parts, this.projection, feeds);
      this.recovered();
      if (isOvertaken || !isData) return;
    } catch (failure) {
      return this.backOff(asError(failure));
    }
    if (error instanceof FoldFailed) await this.parkAt(batch, error.index, error.cause);
    else if (batch.entries.length <= 1) await this.parkAt(batch, 0, error);
    // The transaction does not say which event it was: one at a time, it is the first.
    else this.eventsMax = 1;
  }

  private async parkAt({ taken, entries }: ViewBatch, index: number, cause: Error): Promise<void> {
    const entry = entries[index];
    const of = taken.find((share) => entry !== undefined && share.entries.includes(entry));
    if (entry === undefined || of === undefined) return;
    try {
      await this.tellParked(entry.record, cause);
      of.feed.park(entry, cause);
    } catch (error) {
      await this.backOff(asError(error));
    }
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
