import type { LogRecord, NewRecord } from '../log.port';

/** A batch of this process that stands in the log for good. */
export interface WrittenBatch {
  /** Bare. */
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly records: readonly NewRecord[];
  /** Timestamp of those that have none. */
  readonly time: number;
  /** Whose transaction it was, now committed: its marker stands before whatever the same writer writes next. */
  readonly writer?: object;
}

/** Its records as a reader gets them; `undefined` when a text is no proper Unicode, so that it changes on the way. */
export function asRead({ topic, partition, firstOffset, records, time }: WrittenBatch): LogRecord[] | undefined {
  const read: LogRecord[] = [];
  for (const [index, { key, value, headers, timestamp = time }] of records.entries()) {
    if (!isProper(key) || !isProper(value) || !areProper(headers)) return undefined;
    read.push({ topic, partition, offset: firstOffset + index, key, value, headers, timestamp, decoded: undefined });
  }
  return read;
}

function isProper(text: string | null): boolean {
  return text === null || text.isWellFormed();
}

/** Without a list of them: this runs for every record. */
function areProper(headers: Readonly<Record<string, string>>): boolean {
  for (const name in headers) if (!isProper(name) || !isProper(headers[name] ?? '')) return false;
  return true;
}
