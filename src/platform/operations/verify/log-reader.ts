import type { LogRecord } from '../../log/log.port';

/** Bounds of one partition. */
export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** The log as verifying reads it: by itself, or through a running process. */
export interface LogReader {
  /** By topic, then by partition; as of now. */
  bounds(): Promise<ReadonlyMap<string, readonly Bounds[]>>;
  read(topic: string, partition: number, from: number, to: number): AsyncIterable<readonly LogRecord[]>;
}
