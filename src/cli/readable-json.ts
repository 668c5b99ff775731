import type { LogRecord } from '../platform/log/log.port';

/** The JSON in a stored text; the text itself where it is none, as in a parked record. */
export function readableJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A record as operators see it: its value decoded, its time in UTC. */
export interface ReadableRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly headers: LogRecord['headers'];
  readonly value: unknown;
}

export function readableRecord({ partition, offset, key, timestamp, headers, value }: LogRecord): ReadableRecord {
  return {
    partition,
    offset,
    key,
    timestamp: new Date(timestamp).toISOString(),
    headers,
    value: readableJson(value),
  };
}
