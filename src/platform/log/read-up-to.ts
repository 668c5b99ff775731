import type { Log, LogRecord } from './log.port';

/**
 * Reads a partition from an offset to an end that is known, and no further.
 * @throws OffsetOutOfRange
 */
export async function readUpTo(
  log: Pick<Log, 'follow'>,
  topic: string,
  partition: number,
  from: number,
  end: number,
  take: (records: readonly LogRecord[]) => void | Promise<void>,
): Promise<void> {
  if (from >= end) return;
  const reading = new AbortController();
  try {
    for await (const { records, next } of log.follow(topic, partition, from, reading.signal)) {
      await take(next > end ? records.filter(({ offset }) => offset < end) : records);
      if (next >= end) return;
    }
  } finally {
    reading.abort();
  }
}
