import { randomUUID } from 'node:crypto';
import {
  LogSetupError,
  LogUnavailable,
  OffsetOutOfRange,
  type FoundTopic,
  type GroupOptions,
  type Log,
  type LogBatch,
  type LogRecord,
  type Membership,
  type NewRecord,
  type ParticipantWork,
  type PartitionWriter,
  type TopicSpec,
} from '../log.port';
import { logIdIn } from '../log-id';
import { partitionOf } from '../murmur2';
import { CommitBatch } from './commit-batch';
import { contradiction, EmbeddedStore, foundTopic, type OffsetMove, type StoredTopic } from './embedded-store';
import { EmbeddedWriter, type WriterSurroundings } from './embedded-writer';
import { GroupCommit } from './group-commit';
import { LocalGroup } from './local-group';
import { PartitionTail } from './partition-tail';

export interface EmbeddedLogOptions {
  /** Directory of `log.db`, held by this process (see `openDataDirectory`). */
  readonly directory: string;
  /** Partitions of topics made from now on. */
  readonly partitions: number;
  /** Whether the operator asked for that count; then existing topics must have it. */
  readonly partitionsExplicit: boolean;
}

const RECORDS_PER_COMMIT_MAX = 500;
const RECORDS_PER_BATCH_MAX = 1_000;
const TAIL_RECORDS_MAX = 1_024;
const IDLE_MS = 900;
const RETRY_MS = 200;
const LOG_TOPIC: TopicSpec = { name: 'log', partitions: 1, policy: 'keep' };

interface Work {
  readonly records: readonly NewRecord[];
  readonly move?: OffsetMove;
}

/**
 * The log in one SQLite file (WAL, `synchronous=FULL`): a 2xx means fsynced (G1). One process by design.
 */
export class EmbeddedLog implements Log {
  readonly kind = 'embedded';
  private logId = '';
  private readonly topics = new Map<string, StoredTopic>();
  private readonly tails = new Map<string, PartitionTail>();
  /** The present writer of each group and partition. */
  private readonly writers = new Map<string, EmbeddedWriter>();
  private writing: Promise<unknown> = Promise.resolve();
  private readonly groups = new Set<LocalGroup>();
  private readonly commits: GroupCommit<Work>;
  private readonly closing = new AbortController();
  private readonly idle: NodeJS.Timeout;
  private reportFailure: (error: Error) => void = () => undefined;

  private constructor(
    private readonly store: EmbeddedStore,
    private readonly options: EmbeddedLogOptions,
  ) {
    this.commits = new GroupCommit(
      (works) => this.write(works),
      (work) => work.records.length,
      RECORDS_PER_COMMIT_MAX,
    );
    this.idle = setInterval(() => {
      for (const tail of this.tails.values()) tail.wake();
    }, IDLE_MS);
    this.idle.unref();
  }

  /** @throws LogSetupError LOG_IN_USE, LOG_DAMAGED or LOG_TOPIC_POLICY */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const store = await EmbeddedStore.open(options.directory);
    const log = new EmbeddedLog(store, options);
    try {
      for (const topic of await store.topics()) await log.load(topic);
      await log.ensureTopics([LOG_TOPIC]);
      log.logId = await log.readOrMakeId();
      return log;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get id(): string {
    return this.logId;
  }

  partitions(topic: string): number {
    return this.topic(topic).partitionIds.length;
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    const { partitions, partitionsExplicit } = this.options;
    for (const spec of specs) {
      const policy = JSON.stringify(spec.policy);
      const existing = this.topics.get(spec.name);
      if (existing === undefined) {
        await this.load(await this.store.addTopic(spec.name, spec.partitions ?? partitions, policy));
        continue;
      }
      const wrong = contradiction(existing, policy, spec.partitions ?? (partitionsExplicit ? partitions : undefined));
      if (wrong !== undefined) throw new LogSetupError('LOG_TOPIC_POLICY', wrong);
    }
  }

  async find(names: readonly string[]): Promise<FoundTopic[]> {
    return names.flatMap((name) => this.topics.get(name) ?? []).map(foundTopic);
  }

  /** Every topic there is. */
  stored(): FoundTopic[] {
    return [...this.topics.values()].map(foundTopic);
  }

  append(records: readonly NewRecord[]): Promise<void> {
    return this.commits.add({ records });
  }

  async join(options: GroupOptions): Promise<Membership> {
    const partitions = options.topics.flatMap((topic) =>
      Array.from({ length: this.partitions(topic) }, (_, partition) => ({ topic, partition })),
    );
    const group = new LocalGroup(partitions, options.own, this.closing.signal, (error) => this.fail(error));
    this.groups.add(group);
    return group;
  }

  async openWriter(group: string, topic: string, partition: number): Promise<PartitionWriter> {
    const name = `${group}/${topic}/${partition}`;
    const tail = this.tail(topic, partition);
    this.writers.get(name)?.fence();
    const around: WriterSurroundings = {
      group,
      tail,
      name,
      write: (records, move) => this.commits.add({ records, move }),
      kick: () => this.kick(),
      idle: async () => void (await this.writing),
    };
    const writer = new EmbeddedWriter(around, await this.store.committed(group, tail.partitionId));
    this.writers.get(name)?.fence();
    this.writers.set(name, writer);
    return writer;
  }

  async *follow(topic: string, partition: number, from: number, signal: AbortSignal): AsyncGenerator<LogBatch> {
    const tail = this.tail(topic, partition);
    const stop = AbortSignal.any([signal, this.closing.signal]);
    if (from < tail.start || from > tail.end) {
      throw new OffsetOutOfRange(`${topic}/${partition}: ${from} is not in [${tail.start}, ${tail.end}]`);
    }
    const wake = (): void => tail.wake();
    stop.addEventListener('abort', wake, { once: true });
    try {
      yield* this.batches(topic, partition, tail, from, stop);
    } finally {
      stop.removeEventListener('abort', wake);
    }
  }

  async bounds(topic: string, partition: number): Promise<{ start: number; end: number }> {
    const { start, end } = this.tail(topic, partition);
    return { start, end };
  }

  /** Copies the log to a file that is not there: at least all that was safe when it was called, to a commit's end. */
  copyTo(path: string): Promise<void> {
    return this.store.backup(path);
  }

  async ping(): Promise<void> {
    await this.store.topics();
  }

  onFailure(listener: (error: Error) => void): void {
    this.reportFailure = listener;
  }

  async close(): Promise<void> {
    clearInterval(this.idle);
    this.closing.abort();
    await Promise.all([...this.groups].map((group) => group.leave()));
    await this.commits.close();
    await this.store.close();
  }

  private async *batches(
    topic: string,
    partition: number,
    tail: PartitionTail,
    from: number,
    stop: AbortSignal,
  ): AsyncGenerator<LogBatch> {
    let next = from;
    while (!stop.aborted) {
      const end = tail.end;
      if (next < end) {
        const records = tail.cached(next, RECORDS_PER_BATCH_MAX) ?? (await this.readStored(topic, partition, next));
        const last = records.at(-1);
        next = last === undefined ? end : last.offset + 1;
        if (!stop.aborted) yield { records, next };
      } else {
        await tail.changed();
        if (tail.end === next && !stop.aborted) yield { records: [], next };
      }
    }
  }

  /** The one place where the log grows: offsets are given here, and records become visible once they are durable. */
  private write(works: readonly Work[]): Promise<void> {
    const writing = this.commitAll(works);
    this.writing = writing.catch(() => undefined);
    return writing;
  }

  private async commitAll(works: readonly Work[]): Promise<void> {
    const batch = new CommitBatch((record) => this.tailOf(record));
    for (const { records, move } of works) batch.add(records, move);
    const shares: ParticipantWork[] = [];
    for (const writer of this.writers.values()) {
      const share = writer.share(batch.added(writer.tail));
      if (share === undefined) continue;
      batch.add(share.records, writer.moveTo(share.next));
      shares.push(share);
    }
    if (batch.isEmpty) return;
    await this.store.commit(batch.chunks(), batch.moves);
    batch.show();
    const pauses = shares.flatMap(({ committed }) => committed() ?? []);
    // A turn given away here would be spent on answers, while the disk waits for the next commit.
    if (pauses.length > 0) await Promise.all(pauses);
    if ([...this.writers.values()].some((writer) => writer.hasBacklog)) this.kick();
  }

  /** Asks for a commit for what participants have not taken yet; again after a while when it fails, say on a full disk. */
  private kick(): void {
    this.commits.add({ records: [] }).catch(() => {
      if (!this.closing.signal.aborted) setTimeout(() => this.kick(), RETRY_MS).unref();
    });
  }

  private tailOf({ topic, partition, key }: NewRecord): PartitionTail {
    return this.tail(topic, partition ?? partitionOf(key, this.partitions(topic)));
  }

  private async readStored(topic: string, partition: number, from: number): Promise<LogRecord[]> {
    try {
      return await this.store.read({ topic, partition, partitionId: this.tail(topic, partition).partitionId }, from);
    } catch (error) {
      if (error instanceof LogSetupError) this.fail(error);
      throw error;
    }
  }

  /** Reads the end of every partition, so that damage there is told at start. */
  private async load(topic: StoredTopic): Promise<void> {
    for (const [partition, partitionId] of topic.partitionIds.entries()) {
      const { start, end } = await this.store.bounds(partitionId);
      const tail = new PartitionTail(partitionId, partition, start, end, TAIL_RECORDS_MAX);
      this.tails.set(`${topic.name}/${partition}`, tail);
    }
    this.topics.set(topic.name, topic);
  }

  private async readOrMakeId(): Promise<string> {
    const topic = LOG_TOPIC.name;
    if (this.tail(topic, 0).end === 0) {
      await this.append([{ topic, key: 'id', value: JSON.stringify({ id: randomUUID() }), headers: {} }]);
    }
    const [first] = await this.readStored(topic, 0, 0);
    return logIdIn(first, 'the first record of the topic log in log.db');
  }

  private topic(name: string): StoredTopic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new LogUnavailable(`topic ${name} does not exist`);
    return topic;
  }

  private tail(topic: string, partition: number): PartitionTail {
    const tail = this.tails.get(`${topic}/${partition}`);
    if (tail === undefined) throw new LogUnavailable(`partition ${topic}/${partition} does not exist`);
    return tail;
  }

  private fail(error: Error): void {
    this.reportFailure(error);
    this.reportFailure = () => undefined;
  }
}
