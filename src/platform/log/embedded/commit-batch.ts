import type { LogRecord, NewRecord } from '../log.port';
import type { Chunk, OffsetMove } from './embedded-store';
import type { PartitionTail } from './partition-tail';

/** What one commit adds: records with their offsets, by partition, and the offsets of groups that it moves. */
export class CommitBatch {
  readonly moves: OffsetMove[] = [];
  private readonly grown = new Map<PartitionTail, LogRecord[]>();
  private readonly now = Date.now();

  constructor(private readonly tailOf: (record: NewRecord) => PartitionTail) {}

  get isEmpty(): boolean {
    return this.grown.size === 0 && this.moves.length === 0;
  }

  /** How many it adds. */
  get records(): number {
    let count = 0;
    for (const records of this.grown.values()) count += records.length;
    return count;
  }

  /** Places records behind what is there and what came before them. */
  add(records: readonly NewRecord[], move: OffsetMove | undefined): void {
    if (move !== undefined) this.moves.push(move);
    for (const record of records) {
      const { topic, key, value, headers, timestamp = this.now } = record;
      const tail = this.tailOf(record);
      let added = this.grown.get(tail);
      if (added === undefined) this.grown.set(tail, (added = []));
      const offset = tail.end + added.length;
      added.push({ topic, partition: tail.partition, offset, key, value, headers, timestamp, decoded: undefined });
    }
  }

  /** What is added to a partition. */
  added(tail: PartitionTail): readonly LogRecord[] {
    return this.grown.get(tail) ?? [];
  }

  chunks(): Chunk[] {
    return Array.from(this.grown, ([{ partitionId }, records]) => ({ partitionId, records }));
  }

  /** Makes everything visible: it is durable now. */
  show(): void {
    for (const [tail, records] of this.grown) tail.advance(records);
  }
}
