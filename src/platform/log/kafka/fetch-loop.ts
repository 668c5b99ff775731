import { OffsetOutOfRange, type LogRecord } from '../log.port';
import { asError } from '../../as-error';
import { BrokerLink } from './broker-link';
import { fetchRecords, type FetchedPartition } from './fetch-request';
import { isMissingRight, messageOf } from './kafka-errors';
import type { KafkaSettings } from './kafka-settings';
import type { PartitionFeed } from './partition-feed';
import type { WrittenBatch } from './written-batch';

/** While records come in crowds, fetches start this far apart: each costs the broker the same for one record as for a hundred. */
const PACE_MS = 25;
/** The distance while followers have all that is fetched already, because this process has written it. */
const PACE_KNOWN_MS = 20;
const PACE_KNOWN_CROWD_MS = 100;
const CROWD_BYTES = 10_000;
const MAX_WAIT_MS = 100;
/** Leaders found anew that must say so before an offset is believed to be out of range. */
const OUT_OF_RANGE_TIMES = 4;
const FETCH_BYTES_MAX = 8 * 1024 * 1024;
const PARTITION_BYTES_MAX = 512 * 1024;
const BACK_OFF_MS_MAX = 1_000;

/** What one fetch brought, and how many of its records the followers did not have yet. */
interface Fetched {
  bytes: number;
  newRecords: number;
}

/**
 * Reads many partitions over one connection per leader: one long poll at a time asks for all whose buffer has room. Positions are
 * exact; leaders that move and connections that break are found again for ever, until closed.
 */
export class FetchLoop {
  private readonly feeds = new Set<PartitionFeed>();
  private readonly polling = new Set<number>();
  private link: BrokerLink | undefined;
  private placing: Promise<void> | undefined;
  private failures = 0;
  private staleLeaders = false;
  private closed = false;
  private wakers: (() => void)[] = [];

  constructor(private readonly settings: KafkaSettings) {}

  get size(): number {
    return this.feeds.size;
  }

  reads(topic: string, partition: number): boolean {
    return [...this.feeds].some((feed) => feed.topic === topic && feed.partition === partition);
  }

  /** Those that would read this batch next. */
  feedsBefore(batch: WrittenBatch): PartitionFeed[] {
    return [...this.feeds].filter((feed) => feed.partition === batch.partition && feed.isBefore(batch));
  }

  add(feed: PartitionFeed): void {
    this.feeds.add(feed);
    this.place();
  }

  remove(feed: PartitionFeed): void {
    feed.end();
    this.feeds.delete(feed);
    this.wake();
  }

  /** Some buffer has room again. */
  readonly wake = (): void => {
    const wakers = this.wakers;
    this.wakers = [];
    for (const waker of wakers) waker();
  };

  close(): void {
    this.closed = true;
    for (const feed of this.feeds) feed.end();
    this.feeds.clear();
    this.link?.close();
    this.wake();
  }

  /** Finds the leaders of feeds that have none and polls them. */
  private place(): void {
    this.placing ??= this.findLeaders().finally(() => {
      this.placing = undefined;
      if (!this.closed && [...this.feeds].some((feed) => feed.node === undefined)) this.place();
    });
  }

  private async findLeaders(): Promise<void> {
    // Those who begin in the same turn share the first fetch.
    await new Promise(setImmediate);
    if (this.failures > 0) await pause(Math.min(BACK_OFF_MS_MAX, 20 * 2 ** Math.min(this.failures, 6)));
    if (this.closed) return;
    try {
      const current = (this.link ??= new BrokerLink(this.settings, this.topics()));
      if (this.staleLeaders) await current.refresh();
      this.staleLeaders = false;
      for (const feed of this.feeds) {
        if (feed.node !== undefined) continue;
        const leader = await current.leaderOf(this.settings.topicPrefix + feed.topic, feed.partition);
        if (leader < 0) throw new Error(`${feed.topic}/${feed.partition} has no leader`);
        feed.node = leader;
      }
    } catch (error) {
      this.failed(error);
    }
    for (const feed of this.feeds) if (feed.node !== undefined) this.poll(feed.node);
    this.wake();
  }

  private poll(node: number): void {
    if (this.polling.has(node)) return;
    this.polling.add(node);
    void this.pollWhileNeeded(node).finally(() => {
      this.polling.delete(node);
      if (!this.closed && [...this.feeds].some((feed) => feed.node === undefined)) this.place();
    });
  }

  private async pollWhileNeeded(node: number): Promise<void> {
    while (!this.closed) {
      const ofNode = [...this.feeds].filter((feed) => feed.node === node);
      if (ofNode.length === 0) return;
      const open = ofNode.filter((feed) => feed.hasRoom);
      if (open.length === 0) {
        await new Promise<void>((resolve) => this.wakers.push(resolve));
        continue;
      }
      const { link } = this;
      try {
        if (link === undefined) throw new Error('the connection was discarded');
        const started = performance.now();
        const spareMs = paceMs(await this.fetch(link, node, open)) - (performance.now() - started);
        if (spareMs > 0) await pause(spareMs);
      } catch (error) {
        for (const feed of ofNode) feed.node = undefined;
        if (!this.closed && link === this.link) this.failed(error);
        return;
      }
    }
  }

  private async fetch(link: BrokerLink, node: number, open: readonly PartitionFeed[]): Promise<Fetched> {
    const positions = open.map(({ topic, partition, position }) => ({
      topic: this.settings.topicPrefix + topic,
      partition,
      offset: position,
      maxBytes: PARTITION_BYTES_MAX,
    }));
    const leader = await link.broker(node);
    const { requestTimeoutMs } = this.settings;
    const fetched = await fetchRecords(leader, positions, MAX_WAIT_MS, FETCH_BYTES_MAX, requestTimeoutMs);
    const tally: Fetched = { bytes: 0, newRecords: 0 };
    let stale: string | undefined;
    for (const partition of fetched) {
      const feed = open.find(
        (each) => each.partition === partition.partition && this.settings.topicPrefix + each.topic === partition.topic,
      );
      if (feed !== undefined && !feed.ended) stale = this.deliver(feed, partition, tally) ?? stale;
    }
    if (stale === undefined) {
      this.failures = 0;
      return tally;
    }
    this.failures++;
    this.staleLeaders = true;
    this.place();
    return tally;
  }

  /** Hands over what was fetched; answers why the leader must be found anew, if so. */
  private deliver(feed: PartitionFeed, fetched: FetchedPartition, tally: Fetched): string | undefined {
    const place = `${feed.topic}/${feed.partition}`;
    // A leader that was replaced may not know it yet, nor what this process has written to the new one.
    if (fetched.refusal === 'OFFSET_OUT_OF_RANGE' && feed.isOutOfRange(OUT_OF_RANGE_TIMES)) {
      feed.fail(new OffsetOutOfRange(`${place} has no offset ${feed.position}`));
      this.feeds.delete(feed);
      return undefined;
    }
    if (isMissingRight(fetched.refusal)) {
      feed.fail(new Error(`${place} may not be read: ${fetched.refusal}`));
      this.feeds.delete(feed);
      return undefined;
    }
    if (fetched.refusal !== undefined) {
      feed.node = undefined;
      return `${place}: ${fetched.refusal}`;
    }
    try {
      const { records, next } = fetched.read(feed.position, feed.topic);
      assertRising(records, feed.position, place);
      feed.accept(records, next, fetched.bytes);
      tally.bytes += fetched.bytes;
      tally.newRecords += records.length;
    } catch (error) {
      feed.fail(asError(error));
      this.feeds.delete(feed);
    }
    return undefined;
  }

  private failed(error: unknown): void {
    this.failures++;
    if (this.failures === 3) this.settings.logger.warn(`reading ${this.topics().join(', ')}: ${messageOf(error)}`);
    this.link?.discard(asError(error));
    this.link = undefined;
    for (const feed of this.feeds) feed.node = undefined;
  }

  private topics(): string[] {
    return [...new Set([...this.feeds].map((feed) => this.settings.topicPrefix + feed.topic))];
  }
}

/** How far apart this fetch and the next one may start. */
function paceMs({ bytes, newRecords }: Fetched): number {
  const isCrowd = bytes >= CROWD_BYTES;
  if (newRecords > 0) return isCrowd ? PACE_MS : 0;
  if (bytes === 0) return 0;
  return isCrowd ? PACE_KNOWN_CROWD_MS : PACE_KNOWN_MS;
}

function assertRising(records: readonly LogRecord[], from: number, place: string): void {
  let least = from;
  for (const { offset } of records) {
    if (offset < least) throw new Error(`${place} answers offset ${offset} after ${least}`);
    least = offset + 1;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
