import type { LogRecord, NewRecord } from '../log/log.port';

/** Partitions of a topic that is there. */
export type PartitionCount = (topic: string) => number;

/** One consumer of events that writes to the log: all processes of a module, or one publication. */
export interface Reaction {
  /** Also its consumer group and the name of its positions. */
  readonly name: string;
  /** What its records are; of `erasures` there are none. */
  readonly kind: 'commands' | 'messages' | 'erasures';
  /** The events topics that it reads. */
  readonly topics: readonly string[];
  /**
   * What an event makes it write. Pure: the same bytes on every machine and day.
   * @throws NewerSchema the partition waits for the upgrade; any other error parks the record
   */
  readonly react: (record: LogRecord, partitionsOf: PartitionCount) => readonly NewRecord[];
  /** The person whose key is to be destroyed because of an event, before it counts as taken. Pure. @throws as {@link react} */
  readonly erases?: (record: LogRecord) => string | undefined;
}
