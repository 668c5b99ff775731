import type { Log, LogRecord } from './log.port';

/** Records of one partition from an offset up to another, in batches; at once nothing when there is nothing between. */
export async function* readRange(
  log: Log,
  topic: string,
  partition: number,
  from: number,
  to: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  if (from >= to) return;
  const stop = new AbortController();
  try {
    for await (const { records, next } of log.follow(
      topic,
      partition,
      from,
      signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    )) {
      const last = records.at(-1);
      if (last !== undefined) yield last.offset < to ? records : records.filter(({ offset }) => offset < to);
      if (next >= to) return;
    }
  } finally {
    stop.abort();
  }
}
