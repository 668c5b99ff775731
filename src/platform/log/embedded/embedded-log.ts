import { randomUUID } from 'node:crypto';
import {
  LogSetupError,
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
import { partitionsOf } from '../partitions-of';
import { AcknowledgedMark } from './acknowledged-mark';
import { CommitBatch } from './commit-batch';
import { EmbeddedStore, type OffsetMove } from './embedded-store';
import { EmbeddedTopics } from './embedded-topics';
import { EmbeddedWriter, type WriterSurroundings } from './embedded-writer';
import { GroupCommit } from './group-commit';
import { LocalGroup } from './local-group';
import { LogRetention } from './log-retention';
import type { PartitionTail } from './partition-tail';

export interface EmbeddedLogOptions {
  /** Directory of `log.db`, held by this process (see `openDataDirectory`). */
  readonly directory: string;
  /** Partitions of topics made from now on. */
  readonly partitions: number;
  /** Whether the operator asked for that count; then existing topics must have it. */
  readonly partitionsExplicit: boolean;
  /** Records added to a compacted partition before it is compacted again, at least; default 10,000. */
  readonly compactAfterRecords?: number;
}

const RECORDS_PER_COMMIT_MAX = 500;
const RECORDS_PER_BATCH_MAX = 1_000;
const COMPACT_AFTER_RECORDS = 10_000;
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
  /** Offsets ever given. */
  private records = 0;
  private readonly topics: EmbeddedTopics;
  private readonly retention: LogRetention;
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
    private readonly mark: AcknowledgedMark,
    options: EmbeddedLogOptions,
  ) {
    this.topics = new EmbeddedTopics(store, options);
    const compactAfter = options.compactAfterRecords ?? COMPACT_AFTER_RECORDS;
    this.retention = new LogRetention(store, this.topics, compactAfter, (error) => this.fail(error));
    this.commits = new GroupCommit(
      (works) => this.write(works),
      (work) => work.records.length,
      RECORDS_PER_COMMIT_MAX,
    );
    this.idle = setInterval(() => this.topics.wake(), IDLE_MS);
    this.idle.unref();
  }

  /** @throws LogSetupError LOG_IN_USE, LOG_DAMAGED or LOG_TOPIC_POLICY */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const store = await EmbeddedStore.open(options.directory);
    const log = new EmbeddedLog(store, AcknowledgedMark.open(options.directory), options);
    try {
      await log.topics.open();
      await log.ensureTopics([LOG_TOPIC]);
      log.logId = await log.checkedId();
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  get id(): string {
    return this.logId;
  }

  partitions(topic: string): number {
    return this.topics.count(topic);
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.topics.ensure(specs);
  }

  async find(names: readonly string[]): Promise<FoundTopic[]> {
    return this.topics.found().filter(({ name }) => names.includes(name));
  }

  /** Every topic there is. */
  stored(): FoundTopic[] {
    return this.topics.found();
  }

  append(records: readonly NewRecord[]): Promise<void> {
    return this.commits.add({ records });
  }

  async join(options: GroupOptions): Promise<Membership> {
    const group = new LocalGroup(partitionsOf(this, options.topics), options.own, this.closing.signal, (error) =>
      this.fail(error),
    );
    this.groups.add(group);
    return group;
  }

  async openWriter(group: string, topic: string, partition: number): Promise<PartitionWriter> {
    const name = `${group}/${topic}/${partition}`;
    const tail = this.topics.tail(topic, partition);
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
    const tail = this.topics.tail(topic, partition);
    const stop = AbortSignal.any([signal, this.closing.signal]);
    assertInRange(tail, from);
    const wake = (): void => tail.wake();
    stop.addEventListener('abort', wake, { once: true });
    try {
      yield* this.batches(tail, from, stop);
    } finally {
      stop.removeEventListener('abort', wake);
    }
  }

  async bounds(topic: string, partition: number): Promise<{ start: number; end: number }> {
    const { start, end } = this.topics.tail(topic, partition);
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

  /**
   * Applies the topics' policies as of a time, in milliseconds since the epoch. It happens by itself every minute.
   */
  retain(now: number): Promise<void> {
    return this.retention.run(now);
  }

  async close(): Promise<void> {
    clearInterval(this.idle);
    this.closing.abort();
    await this.retention.stop();
    await Promise.all([...this.groups].map((group) => group.leave()));
    await this.commits.close();
    await this.store.close();
    this.mark.close();
  }

  private async *batches(tail: PartitionTail, from: number, stop: AbortSignal): AsyncGenerator<LogBatch> {
    let next = from;
    while (!stop.aborted) {
      // Retention may have passed by a reader that is slow.
      assertInRange(tail, next);
      const end = tail.end;
      if (next < end) {
        const records = tail.cached(next, RECORDS_PER_BATCH_MAX) ?? (await this.readStored(tail, next));
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
    this.records += batch.records;
    if (this.logId !== '') this.mark.write(this.logId, this.records);
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
    return this.topics.tail(topic, partition ?? partitionOf(key, this.partitions(topic)));
  }

  /** @throws LogSetupError LOG_DAMAGED */
  private async readStored({ place }: PartitionTail, from: number): Promise<LogRecord[]> {
    try {
      const records = await this.store.read(place, from);
      // The newest chunk always stays, so something must be there.
      if (records.length === 0) throw this.store.damaged(place, from);
      return records;
    } catch (error) {
      if (error instanceof LogSetupError) this.fail(error);
      throw error;
    }
  }

  /** The log's id, once it is certain that nothing acknowledged is missing; made with the log. */
  private async checkedId(): Promise<string> {
    this.records = this.topics.records;
    const id = await this.readId();
    this.mark.check(id, this.records);
    if (id !== undefined) return id;
    if (this.records > 0) throw new LogSetupError('LOG_DAMAGED', 'log.db: the topic log holds no id');
    const made = randomUUID();
    await this.append([{ topic: LOG_TOPIC.name, key: 'id', value: JSON.stringify({ id: made }), headers: {} }]);
    return made;
  }

  private async readId(): Promise<string | undefined> {
    const tail = this.topics.tail(LOG_TOPIC.name, 0);
    if (tail.end === 0) return undefined;
    const [first] = await this.readStored(tail, 0);
    return logIdIn(first, 'the first record of the topic log in log.db');
  }

  private fail(error: Error): void {
    this.reportFailure(error);
    this.reportFailure = () => undefined;
  }
}

function assertInRange({ place, start, end }: PartitionTail, offset: number): void {
  if (offset >= start && offset <= end) return;
  throw new OffsetOutOfRange(`${place.topic}/${place.partition}: ${offset} is not in [${start}, ${end}]`);
}
