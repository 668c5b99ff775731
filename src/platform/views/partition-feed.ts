import type { RowChange, RowShape } from '../../kernel/view';
import type { LogRecord } from '../log/log.port';
import type { ProjectedEvent } from '../telemetry/view-telemetry';
import type { CheckpointMove } from './read-store.port';

/** Entries of one partition read ahead of the transaction under way. */
const READ_AHEAD_MAX = 2_000;

/** What one or more records mean to the view. */
export interface FeedEntry extends ProjectedEvent {
  readonly changes: readonly RowChange<RowShape>[];
  /** Offset after its record. */
  readonly next: number;
  readonly sequence: number;
}

/** What has been read of one owned partition and waits to be projected. Records without meaning to the view leave no entry. */
export class PartitionFeed {
  /** Checkpoint as committed. */
  offset: number;
  sequence: number;
  /** Checkpoint after all that has been read. */
  private readOffset: number;
  private readSequence: number;
  private entries: FeedEntry[] = [];
  private head = 0;
  private changed: (() => void) | undefined;
  /** Set when another owner has taken the partition: it says so to whoever reads it. */
  isLost = false;
  /** Set when one of its events cannot be projected. */
  isStopped = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly epoch: number,
    checkpoint: { readonly offset: number; readonly sequence: number },
  ) {
    this.offset = this.readOffset = checkpoint.offset;
    this.sequence = this.readSequence = checkpoint.sequence;
  }

  get waiting(): number {
    return this.entries.length - this.head;
  }

  /** No more should be read until some of it is projected. */
  get isFull(): boolean {
    return this.waiting >= READ_AHEAD_MAX;
  }

  /** Sequence of the last event read. */
  get lastSequence(): number {
    return this.readSequence;
  }

  /** Offset after all that was read, projected or not. */
  get position(): number {
    return this.readOffset;
  }

  /** The log has moved over records that need no projecting, and nothing else would tell the checkpoint. */
  get isAheadOfCheckpoint(): boolean {
    return this.readOffset > this.offset;
  }

  /** No more may be read for it. */
  get isEnded(): boolean {
    return this.isLost || this.isStopped;
  }

  /** Time of the oldest event that waits. */
  get oldestAt(): number | undefined {
    return this.entries[this.head]?.at;
  }

  push(changes: readonly RowChange<RowShape>[], next: number, sequence: number, record: LogRecord): void {
    if (this.isEnded) return;
    const { timestamp: at, headers } = record;
    this.entries.push({ changes, next, sequence, at, traceparent: headers['traceparent'] });
    this.readOffset = next;
    this.readSequence = sequence;
  }

  /** Nothing up to `next` means anything to the view. */
  skipTo(next: number): void {
    if (!this.isEnded) this.readOffset = Math.max(this.readOffset, next);
  }

  peek(countMax: number): readonly FeedEntry[] {
    return this.entries.slice(this.head, this.head + countMax);
  }

  /** The compare-and-set for the first `count` entries; with the last one, over what was skipped after it. */
  move(count: number): CheckpointMove {
    const last = count === 0 ? undefined : this.entries[this.head + count - 1];
    return {
      topic: this.topic,
      partition: this.partition,
      epoch: this.epoch,
      from: this.offset,
      to: count === this.waiting || last === undefined ? this.readOffset : last.next,
      sequence: last?.sequence ?? this.sequence,
    };
  }

  /** The checkpoint is there now: drops what it covers. */
  committed(offset: number, sequence: number): void {
    this.offset = offset;
    this.sequence = sequence;
    let entry = this.entries[this.head];
    while (entry !== undefined && entry.next <= offset) entry = this.entries[++this.head];
    if (this.head > 512 || this.head === this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    this.tell();
  }

  /** Drops the entry at `index` and all after it, and takes no more: the view cannot go on here. */
  stopAt(index: number): void {
    this.isStopped = true;
    this.entries.length = this.head + index;
    const last = this.entries[this.entries.length - 1];
    this.readOffset = this.waiting > 0 && last !== undefined ? last.next : this.offset;
    this.readSequence = this.waiting > 0 && last !== undefined ? last.sequence : this.sequence;
    this.tell();
  }

  /** Resolves when it is not full, the feed ends, or the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.isFull && !signal.aborted && !this.isEnded) await this.change(signal);
  }

  /** Resolves when another owner has the partition, or the signal aborts. */
  async lostOr(signal: AbortSignal): Promise<void> {
    while (!this.isLost && !signal.aborted) await this.change(signal);
  }

  /** Ends the feed: another owner has the partition. */
  lose(): void {
    this.isLost = true;
    this.entries = [];
    this.head = 0;
    this.tell();
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve) => {
      this.changed = (): void => {
        signal.removeEventListener('abort', resolveOnce);
        resolve();
      };
      const resolveOnce = this.changed;
      signal.addEventListener('abort', resolveOnce, { once: true });
    });
  }

  private tell(): void {
    this.changed?.();
    this.changed = undefined;
  }
}
