import { setTimeout as sleep } from 'node:timers/promises';
import { NewerSchema } from '../../kernel/event-contract';
import { OffsetOutOfRange, type LogRecord, type Membership, type OwnedPartition } from '../log/log.port';
import { PartitionFeed } from './partition-feed';
import { parkedKeys } from './parking/parked-records';
import { ProjectionFailures } from './projection-failures';
import type { PersonalIndex } from '../../kernel/personal-data';
import { indexOf, type Projection } from './projection';
import type { ProjectionParts } from './projection-parts';
import { asError } from '../as-error';
import { ProjectionInvariantBroken } from './views.errors';
import { takeOwnership } from './view-reads';
import { LIVE_TEMPO, type Tempo } from './tempo';
import { ViewWriteLoop } from './view-write-loop';

const BACKOFF_MS_MAX = 1_000;
const NEWER_SCHEMA_RETRY_MS = 5_000;
/** An owner that was overtaken waits this long for the group to take the partition away before it takes it back. */
const RETAKE_MS = 5_000;

/** Projects one view: reads the partitions that its group hands to this process, and hands what they mean to one write loop. */
export class ViewRunner {
  readonly failures: ProjectionFailures;
  private readonly feeds = new Set<PartitionFeed>();
  private readonly writing: ViewWriteLoop;
  private membership: Membership | undefined;

  constructor(
    private readonly parts: ProjectionParts,
    readonly projection: Projection,
    private readonly tempo: Tempo = LIVE_TEMPO,
  ) {
    this.failures = new ProjectionFailures(projection.name);
    this.writing = new ViewWriteLoop(parts, projection, this.feeds, this.failures, tempo);
  }

  /** Resolves when the view's group has been joined. */
  async start(): Promise<void> {
    this.writing.start();
    this.membership = await this.parts.log.join({
      group: this.projection.name,
      topics: this.projection.topics,
      own: (partition) => this.own(partition),
    });
  }

  get hasJoined(): boolean {
    return this.membership !== undefined;
  }

  /** Partitions owned now and the offset up to which each is projected. */
  get owned(): { topic: string; partition: number; offset: number }[] {
    return [...this.feeds].map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  /** Times of the oldest events that wait, by partition. */
  get waitingSince(): number[] {
    return [...this.feeds].flatMap(({ oldestAt }) => oldestAt ?? []);
  }

  /** An operator has asked for something that is parked. */
  lookForRequests(): void {
    this.writing.lookForRequests();
  }

  async close(): Promise<void> {
    await this.membership?.leave();
    await this.writing.close();
  }

  private async own({ topic, partition, signal }: OwnedPartition): Promise<void> {
    while (!signal.aborted) {
      const feed = await this.take(topic, partition, signal);
      if (feed === undefined) return;
      this.feeds.add(feed);
      this.writing.wake();
      await this.follow(feed, signal);
      // What was read before a stop is still projected, as long as the partition is ours.
      await feed.lostOr(signal);
      this.feeds.delete(feed);
      this.failures.forget(topic, partition);
      // After a swap of generations it is still ours, and only has to be taken anew.
      if (!signal.aborted && !feed.isSwapped) await pause(RETAKE_MS, signal);
    }
  }

  private async take(topic: string, partition: number, signal: AbortSignal): Promise<PartitionFeed | undefined> {
    const { log, store, progress } = this.parts;
    const { name } = this.projection;
    for (let delayMs = 50; !signal.aborted; delayMs = Math.min(delayMs * 2, BACKOFF_MS_MAX)) {
      try {
        const { start, end } = await log.bounds(topic, partition);
        const checkpoint = await takeOwnership(store, name, topic, partition, start);
        const { generation } = store.view(name);
        const keys = await parkedKeys(store.db, name, topic, partition);
        progress.advance(name, topic, partition, { ...checkpoint, hasParked: keys.size > 0 });
        this.failures.recovered(topic, partition);
        const { readAheadMax } = this.tempo;
        return new PartitionFeed(topic, partition, { checkpoint, generation, parkedKeys: keys, readAheadMax, end });
      } catch (error) {
        this.failed('VIEWS_UNAVAILABLE', topic, partition, asError(error));
        await pause(delayMs, signal);
      }
    }
    return undefined;
  }

  /** Reads until the partition is taken away, lost to another owner, or cannot go on. */
  private async follow(feed: PartitionFeed, signal: AbortSignal): Promise<void> {
    const { topic, partition } = feed;
    const checkpointed = feed.sequence;
    while (!signal.aborted && !feed.isEnded) {
      try {
        for await (const batch of this.parts.log.follow(topic, partition, feed.position, signal)) {
          this.failures.recovered(topic, partition);
          const index = await this.indexOf(feed, batch.records, signal);
          for (const record of batch.records) {
            if (!(await this.accept(feed, record, checkpointed, signal, index))) return;
          }
          feed.skipTo(batch.next);
          this.tellSkipped(feed);
          this.writing.wake();
          await feed.room(signal);
          if (feed.isEnded) return;
        }
      } catch (error) {
        if (error instanceof OffsetOutOfRange) {
          if (!(await this.returnToRange(feed, error, signal))) return;
        } else {
          this.failed('LOG_UNAVAILABLE', topic, partition, asError(error));
          await pause(BACKOFF_MS_MAX, signal);
        }
      }
    }
  }

  /** The keys are where the views are: they are waited for. */
  private async indexOf(
    { topic, partition }: PartitionFeed,
    records: readonly LogRecord[],
    signal: AbortSignal,
  ): Promise<PersonalIndex | undefined> {
    while (!signal.aborted) {
      try {
        return await indexOf(this.projection, records, this.parts.indexFor);
      } catch (error) {
        this.failed('VIEWS_UNAVAILABLE', topic, partition, asError(error));
        await pause(BACKOFF_MS_MAX, signal);
      }
    }
    return undefined;
  }

  /** Records without meaning need no transaction to be seen: a read that waits for the end may go on before the checkpoint moves. */
  private tellSkipped(feed: PartitionFeed): void {
    const { topic, partition, position, sequence, waiting, isAheadOfCheckpoint } = feed;
    if (feed.isEnded || waiting > 0 || !isAheadOfCheckpoint) return;
    const { hasParked } = feed;
    this.parts.progress.advance(this.projection.name, topic, partition, { offset: position, sequence, hasParked });
    this.parts.signals.emit(this.projection.name);
  }

  /** @returns whether the partition can go on */
  private async accept(
    feed: PartitionFeed,
    record: LogRecord,
    checkpointed: number,
    signal: AbortSignal,
    index: PersonalIndex | undefined,
  ): Promise<boolean> {
    while (!signal.aborted && !feed.isEnded) {
      try {
        return this.push(feed, record, checkpointed, index);
      } catch (error) {
        this.writing.wake();
        if (!(error instanceof NewerSchema)) return this.park(feed, record, error, signal);
        this.failed('NEWER_SCHEMA', feed.topic, feed.partition, atRecord(record, error));
        await pause(NEWER_SCHEMA_RETRY_MS, signal);
      }
    }
    return false;
  }

  private async park(feed: PartitionFeed, record: LogRecord, cause: unknown, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && !feed.isEnded) {
      try {
        await this.writing.tellParked(record, cause);
        feed.pushParked(record, trustedSequence(feed, record), cause);
        return true;
      } catch (error) {
        this.failed('LOG_UNAVAILABLE', feed.topic, feed.partition, asError(error));
        await pause(BACKOFF_MS_MAX, signal);
      }
    }
    return false;
  }

  private push(
    feed: PartitionFeed,
    record: LogRecord,
    checkpointed: number,
    index: PersonalIndex | undefined,
  ): boolean {
    if (feed.isParked(record)) {
      feed.pushParked(record, trustedSequence(feed, record), null);
      return true;
    }
    const projected = this.projection.read(record, index);
    const next = record.offset + 1;
    if (projected === undefined) {
      feed.skipTo(next);
      return true;
    }
    const { changes, sequence } = projected;
    if (sequence !== undefined) {
      if (sequence <= checkpointed) {
        feed.skipTo(next);
        return true;
      }
      if (sequence !== feed.lastSequence + 1) {
        const expected = feed.lastSequence + 1;
        return this.broken(feed, `sequence ${sequence} at offset ${record.offset} instead of ${expected}`);
      }
    }
    feed.push({ record, changes, next, sequence: sequence ?? 0 });
    return true;
  }

  /** Retention may have passed a view by on a topic without sequences; anywhere else the log has lost what the view counts on. */
  private async returnToRange(feed: PartitionFeed, error: OffsetOutOfRange, signal: AbortSignal): Promise<boolean> {
    const bounds = await this.parts.log
      .bounds(feed.topic, feed.partition)
      .catch((failure: unknown) => asError(failure));
    if (bounds instanceof Error) {
      this.failed('LOG_UNAVAILABLE', feed.topic, feed.partition, bounds);
      await pause(BACKOFF_MS_MAX, signal);
      return true;
    }
    const { start } = bounds;
    if (feed.position < start && feed.lastSequence === 0) {
      feed.skipTo(start);
      return true;
    }
    return this.broken(feed, error.message);
  }

  private broken(feed: PartitionFeed, reason: string): false {
    const error = new ProjectionInvariantBroken(
      `view ${this.projection.name}, ${feed.topic}/${feed.partition}: ${reason}`,
    );
    this.failures.add('PROJECTION_FAILED', feed.topic, feed.partition, error);
    feed.stop();
    this.parts.callbacks.fatal(error);
    return false;
  }

  private failed(code: Parameters<ProjectionFailures['add']>[0], topic: string, partition: number, error: Error): void {
    if (!this.failures.add(code, topic, partition, error)) return;
    this.parts.callbacks.report(`view ${this.projection.name}, ${topic}/${partition}: ${code}`, error);
  }
}

/** The number of a record that was not read: the next one, or 0 when it claims another. */
function trustedSequence(feed: PartitionFeed, { headers }: LogRecord): number {
  const next = feed.lastSequence + 1;
  return headers['sequence'] === String(next) ? next : 0;
}

function atRecord({ topic, partition, offset }: LogRecord, cause: unknown): Error {
  return new Error(`${topic}/${partition}@${offset}: ${asError(cause).message}`, { cause });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
