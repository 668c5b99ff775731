import { LogSetupError, LogUnavailable, type FoundTopic, type TopicSpec } from '../log.port';
import { foundTopic, type EmbeddedStore, type StoredTopic } from './embedded-store';
import { PartitionTail } from './partition-tail';

const TAIL_RECORDS_MAX = 1_024;

/** One partition with what its topic promises. */
export interface EmbeddedPartition {
  readonly topic: string;
  readonly policy: TopicSpec['policy'];
  readonly tail: PartitionTail;
}

/** The topics of the embedded log, and the end of each of their partitions. */
export class EmbeddedTopics {
  private readonly topics = new Map<string, StoredTopic>();
  private readonly partitions = new Map<string, EmbeddedPartition>();

  constructor(
    private readonly store: EmbeddedStore,
    /** Partitions of topics made from now on, and whether the operator asked for that count; then existing topics must have it. */
    private readonly options: { readonly partitions: number; readonly partitionsExplicit: boolean },
  ) {}

  /** @throws LogSetupError LOG_DAMAGED */
  async open(): Promise<void> {
    for (const topic of await this.store.topics()) await this.load(topic);
  }

  /** @throws LogSetupError LOG_TOPIC_POLICY */
  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) {
      const policy = JSON.stringify(spec.policy);
      const wanted = spec.partitions ?? this.options.partitions;
      const existing = this.topics.get(spec.name);
      if (existing === undefined) {
        await this.load(await this.store.addTopic([...this.topics.values()], spec.name, wanted, policy));
        continue;
      }
      const partitions = existing.partitionIds.length;
      const countMatters = spec.partitions !== undefined || this.options.partitionsExplicit;
      if (countMatters && partitions !== wanted) {
        throw new LogSetupError(
          'LOG_TOPIC_POLICY',
          `topic ${spec.name} has ${partitions} partitions, ${wanted} are asked for; an existing topic keeps its own`,
        );
      }
      if (existing.policy !== policy) {
        throw new LogSetupError(
          'LOG_TOPIC_POLICY',
          `topic ${spec.name} has the policy ${existing.policy}, it must be ${policy}`,
        );
      }
    }
  }

  /** All of them, as they are. */
  found(): FoundTopic[] {
    return [...this.topics.values()].map(foundTopic);
  }

  count(topic: string): number {
    const known = this.topics.get(topic);
    if (known === undefined) throw new LogUnavailable(`topic ${topic} does not exist`);
    return known.partitionIds.length;
  }

  tail(topic: string, partition: number): PartitionTail {
    const known = this.partitions.get(`${topic}/${partition}`);
    if (known === undefined) throw new LogUnavailable(`partition ${topic}/${partition} does not exist`);
    return known.tail;
  }

  /** Offsets ever given, in all partitions. */
  get records(): number {
    return [...this.partitions.values()].reduce((sum, { tail }) => sum + tail.end, 0);
  }

  all(): Iterable<EmbeddedPartition> {
    return this.partitions.values();
  }

  /** Lets all who follow look again. */
  wake(): void {
    for (const { tail } of this.partitions.values()) tail.wake();
  }

  /** Reads the end of every partition, so that damage there is told at start. */
  private async load(topic: StoredTopic): Promise<void> {
    const policy = JSON.parse(topic.policy) as TopicSpec['policy'];
    for (const [partition, partitionId] of topic.partitionIds.entries()) {
      const place = { topic: topic.name, partition, partitionId, hasHoles: policy === 'compact' };
      const { start, end } = await this.store.bounds(place, policy);
      const tail = new PartitionTail(place, start, end, TAIL_RECORDS_MAX);
      this.partitions.set(`${topic.name}/${partition}`, { topic: topic.name, policy, tail });
    }
    this.topics.set(topic.name, topic);
  }
}
