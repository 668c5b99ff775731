import type { LogRecord } from '../log.port';
import type { PartitionPlace } from './embedded-store';

/**
 * The committed end of one partition, with its newest records kept in memory, so that followers that keep up never read the file.
 */
export class PartitionTail {
  private cache: LogRecord[] = [];
  /** One promise for all who wait: followers are many, and each wait must cost next to nothing. */
  private change: PromiseWithResolvers<void> | undefined;

  constructor(
    readonly place: PartitionPlace,
    private firstOffset: number,
    private committedEnd: number,
    private readonly recordsMax: number,
  ) {}

  /** Its number in the file. */
  get partitionId(): number {
    return this.place.partitionId;
  }

  get partition(): number {
    return this.place.partition;
  }

  /** First offset that may still be read. */
  get start(): number {
    return this.firstOffset;
  }

  /** Retention is about to delete what stands before. */
  moveStart(offset: number): void {
    this.firstOffset = offset;
  }

  /** Offset after the last committed record. */
  get end(): number {
    return this.committedEnd;
  }

  /** Makes committed records visible, in offset order. */
  advance(records: readonly LogRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.cache.push(...records);
    if (this.cache.length > this.recordsMax) this.cache = this.cache.slice(-this.recordsMax / 2);
    this.committedEnd = last.offset + 1;
    this.wake();
  }

  /** Records from an offset on when all up to the end are in memory; else `undefined`. */
  cached(from: number, recordsMax: number): LogRecord[] | undefined {
    const first = this.cache[0];
    if (first === undefined || from < first.offset) return undefined;
    const at = from - first.offset;
    return this.cache.slice(at, at + recordsMax);
  }

  /** Resolves at the next {@link wake}. */
  changed(): Promise<void> {
    this.change ??= Promise.withResolvers<void>();
    return this.change.promise;
  }

  /** Lets all who wait look again. */
  wake(): void {
    this.change?.resolve();
    this.change = undefined;
  }
}
