import { asError } from '../../as-error';
import { LogSetupError } from '../log.port';
import { chunkSlices, newestChunk } from './chunk-slices';
import { offsetOf, placeOf, type EmbeddedStore } from './embedded-store';
import type { EmbeddedPartition, EmbeddedTopics } from './embedded-topics';
import { KeyCompaction } from './key-compaction';

const EVERY_MS = 60_000;
/** As Kafka's `delete.retention.ms`. */
const TOMBSTONES_KEPT_MS = 24 * 60 * 60 * 1_000;
const KEEPS_CHUNK = 'exists (select 1 from json_each(records) where value ->> 3 >= ?)';

/**
 * Applies the topics' policies in the background: deletes what is older than its topic keeps it, and compacts the topics that keep the last
 * record of each key. The newest chunk of a partition always stays.
 */
export class LogRetention {
  private readonly compaction: KeyCompaction;
  private readonly stopping = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();

  /**
   * @param dirtyRecordsMin records added since its last compaction, at least, before a partition is compacted again
   * @param fail told when the log is found to be damaged
   */
  constructor(
    private readonly store: EmbeddedStore,
    private readonly topics: EmbeddedTopics,
    private readonly dirtyRecordsMin: number,
    private readonly fail: (error: Error) => void,
  ) {
    this.compaction = new KeyCompaction(store);
    this.timer = setInterval(() => void this.run(Date.now()), EVERY_MS);
    this.timer.unref();
  }

  /**
   * One round, after the one under way. What fails, say for want of space, is tried again with the next.
   *
   * @param now milliseconds since the epoch
   */
  run(now: number): Promise<void> {
    this.running = this.running.then(() => this.round(now));
    return this.running;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.running;
  }

  private async round(now: number): Promise<void> {
    try {
      for (const partition of this.topics.all()) {
        if (this.stopping.signal.aborted) return;
        const { policy, tail } = partition;
        if (policy === 'compact') await this.compactWhenDue(tail.partitionId, tail.end, now);
        else if (policy !== 'keep') await this.deleteBefore(partition, now - policy.deleteAfterMs);
      }
    } catch (error) {
      if (error instanceof LogSetupError) this.fail(asError(error));
    }
  }

  /** When at least half is new, so that no record is copied often. */
  private async compactWhenDue(partitionId: number, end: number, now: number): Promise<void> {
    const { next, kept } = await this.compaction.last(partitionId);
    if (end - next < Math.max(this.dirtyRecordsMin, kept)) return;
    await this.compaction.run(partitionId, now - TOMBSTONES_KEPT_MS, this.stopping.signal);
  }

  private async deleteBefore({ tail }: EmbeddedPartition, time: number): Promise<void> {
    const { store } = this;
    const newest = await newestChunk(store, tail.partitionId);
    if (newest === undefined) return;
    const first = placeOf(tail.partitionId, 0);
    for await (const { from, to } of chunkSlices(store, first, newest, this.stopping.signal)) {
      const [kept] = await store.query(
        `select min(place) as place from chunks where place >= ? and (place >= ? or ${KEEPS_CHUNK})
         and place <= ?`,
        [from, to, time, newest],
      );
      const start = Number(kept?.['place']);
      if (start > from) {
        // First, so that no reader walks over the gap without being told.
        tail.moveStart(offsetOf(start));
        await store.write([
          { sql: 'delete from chunks where place >= ? and place < ?', width: 2, values: [first, start] },
        ]);
      }
      if (start < to) return;
    }
  }
}
