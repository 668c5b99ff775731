import type { LogRecord } from '../log.port';

/**
 * The committed end of one partition, with its newest records kept in memory, so that followers that keep up never read the file.
 */
export class PartitionTail {
  private cache: LogRecord[] = [];
  private waiters = new Set<() => void>();

  constructor(
    readonly partitionId: number,
    readonly start: number,
    private committedEnd: number,
    private readonly recordsMax: number,
  ) {}

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
    const woken = this.waiters;
    this.waiters = new Set();
    for (const wake of woken) wake();
  }

  /** Records from an offset on when all up to the end are in memory; else `undefined`. */
  cached(from: number, recordsMax: number): LogRecord[] | undefined {
    const first = this.cache[0];
    if (first === undefined || from < first.offset) return undefined;
    const at = from - first.offset;
    return this.cache.slice(at, at + recordsMax);
  }

  /** Resolves when records arrive, after `idleMs`, or when the signal aborts. */
  changed(signal: AbortSignal, idleMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, idleMs);
      signal.addEventListener('abort', done, { once: true });
      this.waiters.add(done);
      if (signal.aborted) done();
    });
  }
}
