import { randomUUID } from 'node:crypto';
import {
  LogSetupError,
  LogUnavailable,
  OffsetOutOfRange,
  type FoundTopic,
  type GroupOptions,
  type Log,
  type LogBatch,
  type Membership,
  type NewRecord,
  type PartitionWriter,
  type TopicSpec,
} from '../log.port';
import { logIdIn } from '../log-id';
import { AppendQueue } from './append-queue';
import { asError } from '../../as-error';
import { BrokerLink, within } from './broker-link';
import { GroupMembership } from './group-membership';
import { messageOf } from './kafka-errors';
import { withDefaults, type KafkaLogOptions, type KafkaSettings } from './kafka-settings';
import { KafkaTopics } from './kafka-topics';
import { MemberMemory } from './member-memory';
import { KafkaPartitionWriter } from './partition-writer';
import { TopicGuard } from './topic-guard';
import { TopicReaders } from './topic-readers';
import type { WrittenBatch } from './written-batch';

/** Its first record holds the log's id. */
const ID_TOPIC: TopicSpec = { name: 'log', partitions: 1, policy: 'keep' };
const ID_KEY = 'id';

const EARLIEST = -2;
const LATEST = -1;
const READ_COMMITTED = 1;
const READ_UNCOMMITTED = 0;
const CONSUMER = -1;
const ASK_AGAIN_MS = 100;
const ASK_TIMEOUT_MS = 10_000;

/** The log on Apache Kafka 4.0 or later. */
export class KafkaLog implements Log {
  readonly kind = 'kafka';
  private identity = '';
  private readonly topics: KafkaTopics;
  private readonly guard: TopicGuard;
  private readonly queue: AppendQueue;
  private readonly readers: TopicReaders;
  private readonly members: MemberMemory;
  private readonly memberships = new Map<string, GroupMembership>();
  private readonly writers = new Set<PartitionWriter>();
  private readonly listeners: ((error: Error) => void)[] = [];
  private shared: BrokerLink | undefined;
  private hasFailed = false;
  private closing: Promise<void> | undefined;

  private constructor(private readonly settings: KafkaSettings) {
    this.topics = new KafkaTopics(settings);
    this.guard = new TopicGuard(settings, this.topics, (error) => this.fail(error));
    this.queue = new AppendQueue(
      settings,
      () => this.topics.names,
      (topic) => this.topics.partitions(topic),
      this.guard,
      (batch) => this.handOver(batch),
    );
    this.readers = new TopicReaders(settings);
    this.members = new MemberMemory(settings.membersFile);
  }

  /**
   * Connects, and makes or reads the log's id.
   * @throws LogSetupError with one clear line: unreachable within the start's time, wrong credentials, wrong topic policy, missing right
   */
  static async open(options: KafkaLogOptions): Promise<KafkaLog> {
    const log = new KafkaLog(withDefaults(options));
    try {
      const { logId } = log.settings;
      if (logId !== 'ignore') log.identity = await (logId === 'require' ? log.readExistingId() : log.readOrMakeId());
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  get id(): string {
    return this.identity;
  }

  partitions(topic: string): number {
    return this.topics.partitions(topic);
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    await this.topics.ensure(topics);
    // A leader is named before it serves. Should it refuse a first transaction, the broker takes its request timeout (30 s) to abort that
    // one, in every sixth case; nobody else can write to the partition meanwhile.
    const places = topics.flatMap((spec) => {
      return Array.from({ length: this.partitions(spec.name) }, (_, partition) => ({ spec, partition }));
    });
    await Promise.all(
      places.map(async ({ spec, partition }) => {
        this.guard.learn(spec, partition, await this.bounds(spec.name, partition));
      }),
    );
    this.guard.watch();
  }

  find(topics: readonly string[]): Promise<FoundTopic[]> {
    return this.topics.find(topics);
  }

  append(records: readonly NewRecord[]): Promise<void> {
    return this.queue.append(records);
  }

  async join(group: GroupOptions): Promise<Membership> {
    this.assertOpen();
    if (this.memberships.has(group.group)) throw new Error(`group ${group.group} was joined already`);
    const membership = await GroupMembership.join(group, {
      settings: this.settings,
      members: this.members,
      link: () => this.link(),
      partitionsOf: (topic) => this.topics.partitions(topic),
      onFailure: (error) => this.fail(error),
      onStarted: (started) => this.memberships.set(group.group, started),
      onLeft: () => this.memberships.delete(group.group),
    });
    return membership;
  }

  async openWriter(group: string, topic: string, partition: number): Promise<PartitionWriter> {
    this.assertOpen();
    const { topicPrefix } = this.settings;
    const membership = this.memberships.get(group);
    const several = membership !== undefined && membership.topics.length > 1;
    const writer = await KafkaPartitionWriter.open(
      this.settings,
      {
        transactionalId: `${topicPrefix}${group}.${several ? `${topic}.` : ''}${partition}`,
        group: topicPrefix + group,
        topic: topicPrefix + topic,
        partition,
      },
      {
        partitionsOf: (name) => this.topics.partitions(name),
        guard: this.guard,
        onWritten: (batch) => this.handOver(batch),
        stillOwner: async () => membership === undefined || membership.confirms({ topic, partition }),
        onClosed: (closed) => this.writers.delete(closed),
      },
    );
    this.writers.add(writer);
    return writer;
  }

  follow(topic: string, partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch> {
    return this.readers.follow(topic, partition, from, signal);
  }

  async bounds(topic: string, partition: number, sight = 'committed'): Promise<{ start: number; end: number }> {
    const name = this.settings.topicPrefix + topic;
    const [start, end] = await this.ask(async (link) => {
      const leader = await link.leader(name, partition);
      return Promise.all(
        [EARLIEST, LATEST].map(async (timestamp) => {
          const { responses } = await leader.listOffsets({
            replicaId: CONSUMER,
            isolationLevel: sight === 'written' ? READ_UNCOMMITTED : READ_COMMITTED,
            topics: [{ topic: name, partitions: [{ partition, timestamp }] }],
          });
          return Number(responses[0]?.partitions[0]?.offset);
        }),
      );
    });
    if (start === undefined || end === undefined) throw new LogUnavailable(`${topic}/${partition} has told no bounds`);
    return { start, end };
  }

  async ping(): Promise<void> {
    const { requestTimeoutMs, connectionTimeoutMs } = this.settings;
    const link = this.link();
    try {
      await within(
        requestTimeoutMs + connectionTimeoutMs,
        'a ping',
        link.leader(this.idTopic, 0).then((broker) => broker.apiVersions()),
      );
    } catch (error) {
      link.discard(asError(error));
      throw new LogUnavailable(messageOf(error));
    }
  }

  onFailure(listener: (error: Error) => void): void {
    this.listeners.push(listener);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.guard.stop();
    await Promise.all([...this.memberships.values()].map((membership) => membership.leave()));
    await this.queue.close();
    await Promise.all([...this.writers].map((writer) => writer.close()));
    this.readers.close();
    this.shared?.close();
  }

  private async readExistingId(): Promise<string> {
    const [topic] = await this.topics.find([ID_TOPIC.name]);
    const found = topic === undefined ? undefined : await this.readId();
    if (found === undefined) throw new LogSetupError('LOG_MISSING', `the topic ${this.idTopic} holds no log yet`);
    return found;
  }

  private async readOrMakeId(): Promise<string> {
    await this.topics.ensure([ID_TOPIC]);
    const found = await this.readId();
    if (found !== undefined) return found;
    // Two processes may both write one here; the first in the log counts for both.
    const value = JSON.stringify({ id: randomUUID() });
    await this.append([{ topic: ID_TOPIC.name, partition: 0, key: ID_KEY, value, headers: {} }]);
    const made = await this.readId();
    if (made === undefined) throw new LogSetupError('LOG_DAMAGED', `topic ${this.idTopic} does not keep the log's id`);
    return made;
  }

  private async readId(): Promise<string | undefined> {
    const { start, end } = await this.bounds(ID_TOPIC.name, 0);
    if (start === end) return undefined;
    const enough = new AbortController();
    try {
      for await (const { records } of this.follow(ID_TOPIC.name, 0, start, enough.signal)) {
        const [first] = records;
        if (first === undefined) continue;
        return logIdIn(first, `the first record of topic ${this.idTopic}`);
      }
    } catch (error) {
      if (error instanceof OffsetOutOfRange) return undefined;
      throw error;
    } finally {
      enough.abort();
    }
    return undefined;
  }

  /** Asks a question that changes nothing, again until it is answered or time is over. */
  private async ask<T>(question: (link: BrokerLink) => Promise<T>): Promise<T> {
    const deadline = Date.now() + ASK_TIMEOUT_MS;
    for (;;) {
      this.assertOpen();
      const link = this.link();
      try {
        return await within(Math.max(1, deadline - Date.now()), 'an answer', question(link));
      } catch (error) {
        link.discard(asError(error));
        if (Date.now() + ASK_AGAIN_MS >= deadline) throw new LogUnavailable(messageOf(error));
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    }
  }

  /** The connection for heartbeats and questions. */
  private link(): BrokerLink {
    if (this.shared === undefined || this.shared.discarded) this.shared = new BrokerLink(this.settings, [this.idTopic]);
    return this.shared;
  }

  private get idTopic(): string {
    return this.settings.topicPrefix + ID_TOPIC.name;
  }

  /** What cannot be handed over is fetched; whoever has written it must not hear of that. */
  private handOver(batch: WrittenBatch): void {
    try {
      this.readers.written(batch);
    } catch (error) {
      this.settings.logger.warn(`${batch.topic}/${batch.partition} is read by a fetch: ${messageOf(error)}`);
    }
  }

  private fail(error: Error): void {
    if (this.hasFailed || this.closing !== undefined) return;
    this.hasFailed = true;
    this.settings.logger.error(error.message);
    for (const listener of this.listeners) listener(error);
  }

  private assertOpen(): void {
    if (this.closing !== undefined) throw new LogUnavailable('the log is closed');
  }
}
