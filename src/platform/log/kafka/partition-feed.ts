import type { LogBatch, LogRecord } from '../log.port';
import type { WrittenBatch } from './written-batch';

const BUFFER_RECORDS_MAX = 2_000;
const BUFFER_BYTES_MAX = 1024 * 1024;

/** A follower hears at least so often that nothing came. */
const TICK_MS = 1_000;

/** What was fetched of one partition, or handed over, for one follower and not yet taken; full, it is left out of the next fetch. */
export class PartitionFeed {
  /** Leader, or undefined while it is not known. */
  node: number | undefined;
  /** Offset to fetch next. */
  position: number;
  private records: LogRecord[] = [];
  private bytes = 0;
  private delivered: number;
  private failure: Error | undefined;
  private outOfRangeAt = -1;
  private outOfRangeTimes = 0;
  /** Whose commit marker comes next, or soon. */
  private marker: object | undefined;
  private isEnded = false;
  private wake: (() => void) | undefined;

  /** @param topic bare; `onRoom` is called when a full buffer was emptied */
  constructor(
    readonly topic: string,
    readonly partition: number,
    from: number,
    private readonly onRoom: () => void,
  ) {
    this.position = from;
    this.delivered = from;
  }

  get hasRoom(): boolean {
    return this.records.length < BUFFER_RECORDS_MAX && this.bytes < BUFFER_BYTES_MAX;
  }

  get ended(): boolean {
    return this.isEnded;
  }

  /**
   * Whether nothing that a reader would see stands between the last record and this batch. That is so at the very next offset. It is so one
   * offset later, too, when both are transactions of one writer: then a marker of its first one stands between them, and takes that offset.
   */
  isBefore({ firstOffset, writer }: WrittenBatch): boolean {
    if (this.isEnded || this.failure !== undefined || !this.hasRoom) return false;
    const isAfterMarker = writer !== undefined && writer === this.marker && firstOffset === this.position + 1;
    return firstOffset === this.position || isAfterMarker;
  }

  acceptWritten({ firstOffset, writer }: WrittenBatch, records: readonly LogRecord[], bytes: number): void {
    this.accept(records, firstOffset + records.length, bytes);
    this.marker = writer;
  }

  accept(records: readonly LogRecord[], next: number, bytes: number): void {
    if (next === this.position && records.length === 0) return;
    this.marker = undefined;
    if (this.records.length === 0) this.records = [...records];
    else for (const record of records) this.records.push(record);
    if (records.length > 0) this.bytes += bytes;
    this.position = next;
    this.wake?.();
  }

  /** Notes that a leader does not have the present offset; whether so many have said it. */
  isOutOfRange(times: number): boolean {
    this.outOfRangeTimes = this.outOfRangeAt === this.position ? this.outOfRangeTimes + 1 : 1;
    this.outOfRangeAt = this.position;
    return this.outOfRangeTimes >= times;
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  end(): void {
    this.isEnded = true;
    this.wake?.();
  }

  /** What there is, at once; else what comes within a second, perhaps nothing. Undefined at the end. @throws what was given to {@link fail} */
  async take(): Promise<LogBatch | undefined> {
    if (!this.isEnded && this.failure === undefined && this.position === this.delivered) await this.something();
    if (this.isEnded) return undefined;
    if (this.failure !== undefined && this.position === this.delivered) throw this.failure;
    const wasFull = !this.hasRoom;
    const batch = { records: this.records, next: this.position };
    this.records = [];
    this.bytes = 0;
    this.delivered = this.position;
    if (wasFull) this.onRoom();
    return batch;
  }

  private something(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, TICK_MS);
      this.wake = done;
    });
  }
}
