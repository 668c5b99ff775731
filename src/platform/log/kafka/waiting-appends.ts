import { LogUnavailable, type NewRecord } from '../log.port';

const BATCH_RECORDS_MAX = 500;
const BATCH_BYTES_MAX = 512 * 1024;

/** Headers and framing of a record, about. */
const RECORD_OVERHEAD_BYTES = 700;

/** Who is told what became of an append. */
export interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One caller's records and how much of them is still to be written. */
export interface Entry extends Caller {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  /** When it was asked for, in milliseconds since the epoch. */
  readonly since: number;
  /** Slices still to be acknowledged. */
  open: number;
  /** Some of its records are, or may be, in the log. */
  touched: boolean;
}

/** Appends that wait for their turn, in the order they came. */
export class WaitingAppends {
  private readonly entries: Entry[] = [];

  /** @param waitMsMax whoever has waited so long is refused */
  constructor(private readonly waitMsMax: number) {}

  add(records: readonly NewRecord[], { resolve, reject }: Caller): void {
    const bytes = sizeOf(records);
    this.entries.push({ records, bytes, since: Date.now(), resolve, reject, open: 0, touched: false });
  }

  /** @returns what goes together next; nothing when nobody waits */
  take(): Entry[] {
    this.refuseLate();
    const batch: Entry[] = [];
    let records = 0;
    let bytes = 0;
    for (const entry of this.entries) {
      records += entry.records.length;
      bytes += entry.bytes;
      if (batch.length > 0 && (records > BATCH_RECORDS_MAX || bytes > BATCH_BYTES_MAX)) break;
      batch.push(entry);
    }
    this.entries.splice(0, batch.length);
    return batch;
  }

  /** While the broker is away every batch takes its whole time, so what stands behind some of them would wait for minutes. */
  private refuseLate(): void {
    const before = Date.now() - this.waitMsMax;
    const inTime = this.entries.findIndex(({ since }) => since > before);
    for (const entry of this.entries.splice(0, inTime < 0 ? this.entries.length : inTime)) {
      entry.reject(new LogUnavailable(`not sent within ${this.waitMsMax} ms`));
    }
  }
}

function sizeOf(records: readonly NewRecord[]): number {
  let bytes = 0;
  for (const { key, value } of records)
    bytes += RECORD_OVERHEAD_BYTES + Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '');
  return bytes;
}
