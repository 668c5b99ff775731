import { asError } from '../as-error';
import type { LogBatch, LogRecord } from '../log/log.port';

/** A transaction costs the broker the same for one command as for fifty, and whoever waits in a crowd waits for the broker. */
const PACE_MS_PER_COMMAND = 1.2;
const PACE_MS_MAX = 40;
/** From so many commands on a transaction is worth its price. */
const CROWD_MIN = 50;
/** Of the largest of the last few crowds: those who were answered together come back together, more or less. */
const CROWD_SHARE = 7 / 8;
const CROWD_DECAY = 0.9;
const READ_AHEAD_MAX = 2_000;
const READ_AHEAD_BYTES_MAX = 1024 * 1024;
const RECORD_OVERHEAD_BYTES = 512;

/** What a record takes of memory or of a transaction, about. */
export function bytesOf({ value }: LogRecord): number {
  return (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
}

/**
 * What waits in a partition, in order, in batches that are few and large while commands come in crowds: after a batch the next one is handed
 * out when as many wait as lately came together, or when the pace is over. A command that comes alone waits for nothing.
 *
 * @param follow reads the partition until its signal aborts
 * @throws what `follow` throws, once all that was read before is handed out
 */
export async function* inCrowds(
  follow: (signal: AbortSignal) => AsyncIterable<LogBatch>,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  const leaving = new AbortController();
  const ahead = new ReadAhead(follow(AbortSignal.any([signal, leaving.signal])));
  let crowd = 0;
  try {
    for (let records = await ahead.take(); records !== undefined; records = await ahead.take()) {
      const started = performance.now();
      yield records;
      crowd = Math.max(records.length, crowd * CROWD_DECAY);
      const pauseMs = started + Math.min(PACE_MS_MAX, records.length * PACE_MS_PER_COMMAND) - performance.now();
      await ahead.gather(Math.max(CROWD_MIN, crowd * CROWD_SHARE), pauseMs);
    }
  } finally {
    leaving.abort();
    await ahead.close();
  }
}

/** Goes on reading while nobody takes. */
class ReadAhead {
  private readonly reading: Promise<void>;
  private waiting: LogRecord[] = [];
  private bytes = 0;
  private isEnded = false;
  private isClosed = false;
  private failure: Error | undefined;
  /** Something has come, or the end. */
  private changed: (() => void) | undefined;
  private taken: (() => void) | undefined;

  constructor(batches: AsyncIterable<LogBatch>) {
    this.reading = this.read(batches);
  }

  /** All that waits, as soon as there is anything; `undefined` at the end. @throws what ended the reading */
  async take(): Promise<readonly LogRecord[] | undefined> {
    while (this.waiting.length === 0 && !this.isEnded) await new Promise<void>((resolve) => (this.changed = resolve));
    this.changed = undefined;
    if (this.waiting.length === 0) {
      if (this.failure !== undefined) throw this.failure;
      return undefined;
    }
    const { waiting } = this;
    this.waiting = [];
    this.bytes = 0;
    this.taken?.();
    return waiting;
  }

  /** Resolves when so many wait or no more are read, when the time is over, or at the end. */
  async gather(count: number, ms: number): Promise<void> {
    const isEnough = (): boolean => this.isEnded || this.isFull || this.waiting.length >= count;
    if (ms <= 0 || isEnough()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.changed = () => {
        if (!isEnough()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.changed = undefined;
  }

  /** Forgets what waits. Resolves when nothing more is read: the caller has ended that. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.taken?.();
    await this.reading;
  }

  private get isFull(): boolean {
    return this.waiting.length >= READ_AHEAD_MAX || this.bytes >= READ_AHEAD_BYTES_MAX;
  }

  private async read(batches: AsyncIterable<LogBatch>): Promise<void> {
    try {
      for await (const { records } of batches) {
        for (const record of records) {
          this.waiting.push(record);
          this.bytes += bytesOf(record);
        }
        if (records.length > 0) this.changed?.();
        if (this.isClosed) break;
        if (this.isFull) await new Promise<void>((resolve) => (this.taken = resolve));
      }
    } catch (error) {
      this.failure = asError(error);
    }
    this.isEnded = true;
    this.changed?.();
  }
}
