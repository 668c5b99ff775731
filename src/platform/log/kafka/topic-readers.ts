import type { LogBatch, LogRecord } from '../log.port';
import { FetchLoop } from './fetch-loop';
import type { KafkaSettings } from './kafka-settings';
import { PartitionFeed } from './partition-feed';
import { asRead, type WrittenBatch } from './written-batch';

const RECORD_OVERHEAD_BYTES = 500;

/**
 * The followers of all topics. Each topic has a fetch loop of its own, and one more for each further follower of the same partition, so
 * that nobody waits in another's long poll.
 */
export class TopicReaders {
  private readonly loops = new Map<string, FetchLoop[]>();
  private closed = false;

  constructor(private readonly settings: KafkaSettings) {}

  /** As {@link Log.follow}. */
  async *follow(topic: string, partition: number, from: number, signal: AbortSignal): AsyncGenerator<LogBatch> {
    if (signal.aborted || this.closed) return;
    const loop = this.loopFor(topic, partition);
    const feed = new PartitionFeed(topic, partition, from, loop.wake);
    const end = (): void => this.remove(loop, feed);
    signal.addEventListener('abort', end, { once: true });
    loop.add(feed);
    try {
      for (let batch = await feed.take(); batch !== undefined; batch = await feed.take()) yield batch;
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }

  /** Hands what this process has written to those of its followers that would read it next: they need not fetch it. */
  written(batch: WrittenBatch): void {
    const feeds = (this.loops.get(batch.topic) ?? []).flatMap((loop) => loop.feedsBefore(batch));
    const records = feeds.length === 0 ? undefined : asRead(batch);
    if (records === undefined) return;
    const bytes = bytesOf(records);
    for (const feed of feeds) feed.acceptWritten(batch, records, bytes);
  }

  close(): void {
    this.closed = true;
    for (const loops of this.loops.values()) for (const loop of loops) loop.close();
    this.loops.clear();
  }

  private loopFor(topic: string, partition: number): FetchLoop {
    const loops = this.loops.get(topic) ?? [];
    this.loops.set(topic, loops);
    const free = loops.find((loop) => !loop.reads(topic, partition));
    if (free !== undefined) return free;
    const loop = new FetchLoop(this.settings);
    loops.push(loop);
    return loop;
  }

  private remove(loop: FetchLoop, feed: PartitionFeed): void {
    loop.remove(feed);
    if (loop.size > 0) return;
    loop.close();
    const loops = this.loops.get(feed.topic);
    const at = loops?.indexOf(loop) ?? -1;
    if (loops !== undefined && at >= 0) loops.splice(at, 1);
  }
}

/** In UTF-16 units: near enough for the bound of a buffer. */
function bytesOf(records: readonly LogRecord[]): number {
  return records.reduce((sum, { value }) => sum + RECORD_OVERHEAD_BYTES + (value?.length ?? 0), 0);
}
