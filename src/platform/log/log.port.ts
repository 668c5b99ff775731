import type { EventContract, RecordedEvent } from '../../kernel/event-contract';
/**
 * The event log as the rest of the platform sees it: Kafka-shaped, with two adapters that pass one contract suite
 * (`log.contract.ts`). Topic and group names are bare; the Kafka adapter adds `KAFKA_TOPIC_PREFIX`.
 */
export interface Log {
  readonly kind: 'embedded' | 'kafka';

  /** Id of this log, made once with it; views, state and keys remember it and refuse another. */
  readonly id: string;

  /** Partitions of a topic that {@link ensureTopics} has seen. */
  partitions(topic: string): number;

  /**
   * Makes missing topics and checks the existing ones.
   * @throws LogSetupError when a policy contradicts, counts differ within a module or from an explicit setting, or a right is missing
   */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;

  /** Those of the named topics that exist, so that they can be read; makes nothing and checks no policy. */
  find(topics: readonly string[]): Promise<FoundTopic[]>;

  /**
   * Appends records, in order per partition, and resolves when all of them are safe (G1). Writes each once, or, when it rejects, at most
   * once, through lost acknowledgements too.
   * @throws LogUnavailable nothing was written
   * @throws OutcomeUnknown it may have been
   * @throws DiskFull nothing was written
   */
  append(records: readonly NewRecord[]): Promise<void>;

  /**
   * Joins a consumer group. For each partition that the group hands to this member, `own` runs from assignment until `signal` aborts; it
   * must then settle soon. It never runs twice at once for one partition in this process. An error of `own` is fatal: see {@link onFailure}.
   * Resolves when the group has been joined (with no partitions too).
   */
  join(group: GroupOptions): Promise<Membership>;

  /**
   * Takes the exclusive right to write for one partition of a group: fences every earlier holder, then reads what is committed (G4).
   */
  openWriter(group: string, topic: string, partition: number): Promise<PartitionWriter>;

  /**
   * Reads committed records from an offset on, and goes on as they arrive, until `signal` aborts. Yields as soon as something is there;
   * an empty batch tells that `next` moved over records that are not data, or (at least once a second) that nothing came.
   * @throws OffsetOutOfRange when `from` is no longer, or not yet, in the log
   */
  follow(topic: string, partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch>;

  /**
   * First offset present and the offset after the last committed record.
   *
   * @param sight `written`: the offset after the last record at all. What was answered may still be on its way to readers: a broker answers a
   *   commit before it has marked it in every partition.
   */
  bounds(topic: string, partition: number, sight?: 'committed' | 'written'): Promise<{ start: number; end: number }>;

  /** Round trip to the log; rejects when it cannot be reached. */
  ping(): Promise<void>;

  /** Called once, at most, when a part has died for good: the process must fail readiness and end. */
  onFailure(listener: (error: Error) => void): void;

  /** Leaves groups, lets writes in flight end, frees everything. */
  close(): Promise<void>;
}

/** A record to be written. `partition` is explicit, or follows from the key by Kafka's murmur2. */
export interface NewRecord {
  readonly topic: string;
  readonly partition?: number;
  readonly key: string | null;
  /** JSON text; `null` is a tombstone on a compacted topic. */
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; default now. */
  readonly timestamp?: number;
}

/** A committed record. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  /** Rises within a partition, with holes. */
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
  /** Kept by `decodeOnce` for the next who reads it; every adapter makes the field, so that all records have one shape to the engine. */
  decoded?: DecodedRecord | undefined;
}

/** What a record means. */
export interface DecodedRecord {
  readonly contract: EventContract;
  readonly event: RecordedEvent;
}

export interface LogBatch {
  readonly records: readonly LogRecord[];
  /** Offset to go on from. */
  readonly next: number;
}

export interface TopicSpec {
  readonly name: string;
  /** Default: the `PARTITIONS` setting. */
  readonly partitions?: number;
  /** Keep for ever, keep the last per key, or delete after a time. */
  readonly policy: 'keep' | 'compact' | { readonly deleteAfterMs: number };
}

/** A topic as it is. */
export interface FoundTopic extends TopicSpec {
  readonly partitions: number;
}

export interface OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Aborts when the partition is taken away, the membership ends or the log closes. */
  readonly signal: AbortSignal;
}

export interface GroupOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly own: (partition: OwnedPartition) => Promise<void>;
}

export interface Membership {
  /** Partitions held now. */
  readonly owned: readonly { readonly topic: string; readonly partition: number }[];
  leave(): Promise<void>;
}

/** The fenced right to write; at most one transaction in flight. */
export interface PartitionWriter {
  /** Next offset to consume as committed for the group; `undefined` when nothing ever was. */
  readonly committed: number | undefined;

  /**
   * Writes the records and moves the group's offset to `next`, both or neither (G2). Repeats through lost answers until the outcome is known.
   * Readers see the records a moment later. Where `next` is what is committed already, the offset cannot tell whether the batch is in:
   * an unknown outcome is then thrown, and ends the writer; a new one reads what is committed.
   * @param from offset that was committed before: the first offset this batch consumed
   * @param next offset after the last record consumed
   * @throws WriterFenced another owner has taken over: stop at once, nothing was written
   * @throws OutcomeUnknown only when `next` does not move the offset
   */
  commit(from: number, next: number, records: readonly NewRecord[]): Promise<void>;

  /**
   * Instead of reading and committing: takes part in the very commits that append what this writer consumes, so that a command and its
   * decision share one fsync. Only a log of one process can offer it.
   *
   * @param from offset that the participant goes on from
   * @param signal ends the participation
   * @returns a promise that resolves when the participation has ended and no commit with it is on its way: after an abort, or because more
   *   waits for the participant than is in memory, which must be read first. It rejects with WriterFenced or with what `decide` threw.
   *   `undefined` when too much stands between `from` and the end already
   */
  participate?(from: number, participant: Participant, signal: AbortSignal): Promise<void> | undefined;

  close(): Promise<void>;
}

/** Who decides within the commits that append. */
export interface Participant {
  /** Must not change anything: after a failed commit the same records may come again, or never. */
  decide(records: readonly LogRecord[]): ParticipantWork;
}

export interface ParticipantWork {
  /** Offset after the last record consumed; the rest comes again with the next commit. */
  readonly next: number;
  readonly records: readonly NewRecord[];
  /** Called when all of it is safe, before anything else is committed. What it returns, if anything, holds the next commit back. It must not fail. */
  readonly committed: () => Promise<unknown> | undefined;
}

/** Nothing was sent; a retry is safe. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}

/** It may have been written: ask for the outcome, or send again with the same idempotency key. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** Another process, or a later owner in this one, holds the partition now. */
export class WriterFenced extends Error {
  override readonly name = 'WriterFenced';
}

export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
}

/** No space is left for the log. Heals by itself when there is. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

/** The log cannot be used as it is configured or found: one clear line for the operator, then the process ends. */
export class LogSetupError extends Error {
  override readonly name = 'LogSetupError';

  constructor(
    readonly code:
      | 'LOG_UNREACHABLE'
      | 'LOG_CREDENTIALS'
      | 'LOG_TOPIC_POLICY'
      | 'LOG_IN_USE'
      | 'LOG_MISSING'
      | 'LOG_DAMAGED'
      | 'LOG_FOREIGN'
      | 'LOG_RIGHTS',
    message: string,
  ) {
    super(message);
  }
}
