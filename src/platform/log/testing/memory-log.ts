import {
  OffsetOutOfRange,
  type FoundTopic,
  type GroupOptions,
  type Log,
  type LogBatch,
  type LogRecord,
  type Membership,
  type NewRecord,
  type PartitionWriter,
  type TopicSpec,
  WriterFenced,
} from '../log.port';
import { asError } from '../../as-error';
import { partitionOf } from '../murmur2';

interface Partition {
  readonly records: LogRecord[];
  /** Rises with holes too. */
  end: number;
  start: number;
  readonly waiting: Set<() => void>;
}

/** Records of one `follow` batch. */
const BATCH_MAX = 500;
const IDLE_MS = 200;

/**
 * The log port in memory, for tests of what reads it: a group hands all partitions to whoever joined last. Its writers write at once, and
 * without participants.
 */
export class MemoryLog implements Log {
  readonly kind = 'embedded';
  private readonly topics = new Map<string, Partition[]>();
  private readonly members = new Map<string, AbortController>();
  private readonly running = new Set<Promise<void>>();
  private readonly writers = new Map<string, PartitionWriter>();
  private readonly offsets = new Map<string, number>();
  private areReadersHeld = false;
  private reportFailure: (error: Error) => void = () => undefined;

  constructor(
    readonly id: string = 'memory',
    private readonly partitionsDefault = 2,
  ) {}

  partitions(topic: string): number {
    return this.topic(topic).length;
  }

  ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    for (const { name, partitions } of topics) this.topic(name, partitions);
    return Promise.resolve();
  }

  find(names: readonly string[]): Promise<FoundTopic[]> {
    const known = names.filter((name) => this.topics.has(name));
    return Promise.resolve(known.map((name) => ({ name, partitions: this.partitions(name), policy: 'keep' })));
  }

  append(records: readonly NewRecord[]): Promise<void> {
    for (const { topic, partition, key, value, headers, timestamp } of records) {
      const number = partition ?? partitionOf(key ?? '', this.partitions(topic));
      const log = this.partition(topic, number);
      const record = { topic, partition: number, offset: log.end, key, value, headers, timestamp: timestamp ?? 0 };
      log.records.push(record);
      log.end++;
      this.wake(log);
    }
    return Promise.resolve();
  }

  /** Leaves a hole, as Kafka's transaction markers do. */
  skip(topic: string, partition: number, count: number): void {
    const log = this.partition(topic, partition);
    log.end += count;
    this.wake(log);
  }

  /** Drops records before an offset, as retention does. */
  truncate(topic: string, partition: number, start: number): void {
    this.partition(topic, partition).start = start;
  }

  /** Gives readers nothing, as a slow log would, until it is told otherwise. */
  holdReaders(isHeld: boolean): void {
    this.areReadersHeld = isHeld;
    for (const partitions of this.topics.values()) partitions.forEach((partition) => this.wake(partition));
  }

  async join({ group, topics, own }: GroupOptions): Promise<Membership> {
    this.members.get(group)?.abort();
    const controller = new AbortController();
    this.members.set(group, controller);
    const owned = topics.flatMap((topic) => this.topic(topic).map((_, partition) => ({ topic, partition })));
    const { signal } = controller;
    const owners = owned.map((place) =>
      own({ ...place, signal }).catch((error: unknown) => {
        if (!signal.aborted) this.reportFailure(asError(error));
      }),
    );
    for (const owner of owners) this.running.add(owner);
    await Promise.resolve();
    return {
      get owned() {
        return controller.signal.aborted ? [] : owned;
      },
      leave: async () => {
        controller.abort();
        await Promise.all(owners);
      },
    };
  }

  openWriter(group: string, topic: string, partition: number): Promise<PartitionWriter> {
    const place = `${group}/${topic}/${partition}`;
    const { offsets, writers } = this;
    const writer: PartitionWriter = {
      get committed() {
        return offsets.get(place);
      },
      commit: async (_from, next, records) => {
        if (writers.get(place) !== writer) throw new WriterFenced(`${place} has a newer writer`);
        offsets.set(place, next);
        await this.append(records);
      },
      close: async () => {
        if (writers.get(place) === writer) writers.delete(place);
      },
    };
    writers.set(place, writer);
    return Promise.resolve(writer);
  }

  /** Forgets how far a group has read, as Kafka does when it was away for a while. */
  forgetOffsets(group: string): void {
    for (const place of this.offsets.keys()) if (place.startsWith(`${group}/`)) this.offsets.delete(place);
  }

  async *follow(topic: string, partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch> {
    const log = this.partition(topic, partition);
    let next = from;
    while (!signal.aborted) {
      if (this.areReadersHeld) {
        await this.news(log, signal);
        continue;
      }
      if (next < log.start || next > log.end) throw new OffsetOutOfRange(`${topic}/${partition}@${next}`);
      const first = firstFrom(log.records, next);
      const records = log.records.slice(first, first + BATCH_MAX);
      const last = records[records.length - 1];
      const reachesEnd = last === undefined || last === log.records[log.records.length - 1];
      const after = reachesEnd ? log.end : last.offset + 1;
      if (after === next) await this.news(log, signal);
      next = after;
      yield { records, next };
    }
  }

  bounds(topic: string, partition: number): Promise<{ start: number; end: number }> {
    const { start, end } = this.partition(topic, partition);
    return Promise.resolve({ start, end });
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  onFailure(listener: (error: Error) => void): void {
    this.reportFailure = listener;
  }

  async close(): Promise<void> {
    for (const controller of this.members.values()) controller.abort();
    await Promise.all(this.running);
  }

  private topic(name: string, partitions = this.partitionsDefault): Partition[] {
    let topic = this.topics.get(name);
    if (topic === undefined) {
      topic = Array.from({ length: partitions }, () => ({ records: [], end: 0, start: 0, waiting: new Set() }));
      this.topics.set(name, topic);
    }
    return topic;
  }

  private partition(topic: string, number: number): Partition {
    const partition = this.topic(topic)[number];
    if (partition === undefined) throw new Error(`${topic} has no partition ${number}`);
    return partition;
  }

  private wake(log: Partition): void {
    for (const waiting of log.waiting) waiting();
  }

  private news(log: Partition, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        log.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, IDLE_MS);
      log.waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** Index of the first record at or after an offset. */
function firstFrom(records: readonly LogRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
