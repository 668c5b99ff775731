import type { RowChange, RowShape } from '../../kernel/view';
import type { LogRecord } from '../log/log.port';
import { causeOf } from '../log/dead-letter';
import { parkingKey, type ParkedRecord } from './parking/parked-records';
import type { Checkpoint, CheckpointMove } from './read-store.port';

/** What one record means to the view. */
export interface FeedEntry {
  readonly record: LogRecord;
  /** None when it is parked. */
  readonly changes: readonly RowChange<RowShape>[];
  /** Offset after its record. */
  readonly next: number;
  /** Sequence of the last event up to here. */
  readonly sequence: number;
  readonly parked?: ParkedRecord;
}

/** Where an owner begins. */
export interface FeedStart {
  readonly checkpoint: Pick<Checkpoint, 'epoch' | 'offset' | 'sequence'>;
  /** Of the view, as it was when the partition was taken. */
  readonly generation: number;
  /** Keys that have something parked. */
  readonly parkedKeys: ReadonlySet<string>;
  /** Entries read ahead of the transaction under way. */
  readonly readAheadMax: number;
  /** Offset after the last record when the partition was taken. */
  readonly end: number;
}

/** What has been read of one owned partition and waits to be projected. Records without meaning to the view leave no entry. */
export class PartitionFeed {
  readonly epoch: number;
  /** Checkpoint as committed. */
  offset: number;
  sequence: number;
  /** Checkpoint after all that has been read. */
  private readOffset: number;
  private readSequence: number;
  private entries: FeedEntry[] = [];
  private head = 0;
  /** Entries of the transaction under way. */
  private taken = 0;
  private changed: (() => void) | undefined;
  /** Set when another owner has taken the partition: it says so to whoever reads it. */
  isLost = false;
  isSwapped = false;
  /** Set when it cannot go on at all. */
  isStopped = false;
  readonly generation: number;
  private readonly readAheadMax: number;
  private readonly end: number;
  private readonly parkedKeys: Set<string>;

  constructor(
    readonly topic: string,
    readonly partition: number,
    { checkpoint, generation, parkedKeys, readAheadMax, end }: FeedStart,
  ) {
    this.epoch = checkpoint.epoch;
    this.generation = generation;
    this.readAheadMax = readAheadMax;
    this.end = end;
    this.parkedKeys = new Set(parkedKeys);
    this.offset = this.readOffset = checkpoint.offset;
    this.sequence = this.readSequence = checkpoint.sequence;
  }

  get waiting(): number {
    return this.entries.length - this.head;
  }

  /** No more should be read until some of it is projected. What is being projected takes no room: the next is read meanwhile. */
  get isFull(): boolean {
    return this.waiting - this.taken >= this.readAheadMax;
  }

  /** All is read that was there when the partition was taken. */
  get isLevel(): boolean {
    return this.readOffset >= this.end;
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
    return this.entries[this.head]?.record.timestamp;
  }

  /** Whether something of this partition waits for an operator. */
  get hasParked(): boolean {
    return this.parkedKeys.size > 0;
  }

  /** Whether the record has to wait behind a parked one of its key. */
  isParked(record: LogRecord): boolean {
    return this.parkedKeys.size > 0 && this.parkedKeys.has(parkingKey(record));
  }

  push(entry: FeedEntry): void {
    if (this.isEnded) return;
    this.entries.push(entry);
    this.readOffset = entry.next;
    this.readSequence = entry.sequence;
  }

  /**
   * Parks a record that has just been read: with the cause, or behind an earlier one of its key.
   * @param sequence its own; 0 when it has none that can be trusted
   */
  pushParked(record: LogRecord, sequence: number, cause: unknown): void {
    if (cause !== null) this.parkedKeys.add(parkingKey(record));
    const next = record.offset + 1;
    const counted = sequence === 0 ? this.readSequence : sequence;
    this.push({ record, changes: [], next, sequence: counted, parked: parked(record, sequence, cause) });
  }

  /** Parks a waiting entry, and with it all that wait behind it with the same key. */
  park(entry: FeedEntry, cause: unknown): void {
    const key = parkingKey(entry.record);
    const first = this.entries.indexOf(entry, this.head);
    if (first < 0) return;
    this.parkedKeys.add(key);
    for (let index = first; index < this.entries.length; index++) {
      const waiting = this.entries[index];
      if (waiting === undefined || parkingKey(waiting.record) !== key) continue;
      const why = index === first ? cause : null;
      this.entries[index] = { ...waiting, changes: [], parked: parked(waiting.record, waiting.sequence, why) };
    }
  }

  /**
   * Lets a key go on: everything of it that was parked in the database is settled. What waits here follows, up to the first that fails.
   * @param read what a record means to the view
   */
  unpark(key: string, read: (record: LogRecord) => readonly RowChange<RowShape>[]): void {
    this.parkedKeys.delete(key);
    for (let index = this.head; index < this.entries.length; index++) {
      const waiting = this.entries[index];
      if (waiting?.parked === undefined || parkingKey(waiting.record) !== key) continue;
      const { record, next, sequence } = waiting;
      try {
        this.entries[index] = { record, next, sequence, changes: read(record) };
      } catch (error) {
        this.park(waiting, error);
        return;
      }
    }
  }

  /** Nothing up to `next` means anything to the view. */
  skipTo(next: number): void {
    if (!this.isEnded) this.readOffset = Math.max(this.readOffset, next);
  }

  /** One of those that wait, in order, from 0. */
  waitingAt(index: number): FeedEntry | undefined {
    return this.entries[this.head + index];
  }

  /** What the next transaction projects; it stays here until it is {@link committed}. */
  take(countMax: number): readonly FeedEntry[] {
    const entries = this.entries.slice(this.head, this.head + countMax);
    this.taken = entries.length;
    this.tell();
    return entries;
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

  /** A compare-and-set that moves nothing: it holds as long as the partition is ours. */
  stay(): CheckpointMove {
    const { topic, partition, epoch, offset, sequence } = this;
    return { topic, partition, epoch, from: offset, to: offset, sequence };
  }

  /** The checkpoint is there now: drops what it covers. */
  committed(offset: number, sequence: number): void {
    this.offset = offset;
    this.sequence = sequence;
    this.taken = 0;
    let entry = this.entries[this.head];
    while (entry !== undefined && entry.next <= offset) entry = this.entries[++this.head];
    if (this.head > 512 || this.head === this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    this.tell();
  }

  /** Takes no more: the view cannot go on here. */
  stop(): void {
    this.isStopped = true;
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

  /**
   * Ends the feed: another owner has the partition.
   * @param isSwapped the owner is the same, but another generation of the view has become live
   */
  lose(isSwapped: boolean): void {
    this.isLost = true;
    this.isSwapped = isSwapped;
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

function parked(record: LogRecord, sequence: number, cause: unknown): ParkedRecord {
  return { record, sequence, cause: cause === null ? null : causeOf(cause), at: Date.now() };
}
