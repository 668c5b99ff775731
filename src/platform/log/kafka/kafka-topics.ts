import type { Broker } from 'kafkajs/src/cluster';
import { requests } from 'kafkajs/src/protocol/requests';
import { LogSetupError, type FoundTopic, type TopicSpec } from '../log.port';
import { asError } from '../../as-error';
import { BrokerLink, exchange, within } from './broker-link';
import { isMissingRight, isWrongCredentials, messageOf, refusalOf, refusalOfCode } from './kafka-errors';
import type { KafkaLogger, KafkaSettings } from './kafka-settings';
import {
  configOf,
  contradiction,
  countContradiction,
  moduleOf,
  policyOf,
  POLICY_CONFIGS,
  type TopicConfig,
} from './topic-policy';
import { TopicGone } from './topic-guard';

const METADATA_VERSION = 6;
const TOPIC_RESOURCE = 2;
const BROKER_DEFAULT = -1;
const RETRY_MS = 100;
const CREATE_TIMEOUT_MS = 10_000;

/** What goes wrong here is thrown, as one clear line. */
const SILENT: KafkaLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface DescribedTopic {
  readonly topicErrorCode: number;
  readonly topic: string;
  readonly partitionMetadata: readonly { readonly leader: number }[];
}

/** Makes topics, checks those that an administrator or an earlier start has made, and knows their partition counts. */
export class KafkaTopics {
  private readonly counts = new Map<string, number>();
  private readonly specs = new Map<string, TopicSpec>();

  constructor(private readonly settings: KafkaSettings) {}

  /** @throws Error for a topic that {@link ensure} has not seen */
  partitions(topic: string): number {
    const count = this.counts.get(topic);
    if (count === undefined) throw new Error(`topic ${topic} was not ensured`);
    return count;
  }

  /** With prefix. */
  get names(): string[] {
    return [...this.counts.keys()].map((topic) => this.settings.topicPrefix + topic);
  }

  /** @throws LogSetupError with one clear line */
  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    if (specs.length === 0) return;
    const link = new BrokerLink({ ...this.settings, logger: SILENT }, [], CREATE_TIMEOUT_MS);
    try {
      const broker = await this.reach(link, specs);
      const found = await this.existing(broker, specs);
      this.assertCounts(specs, found);
      const missing = specs.filter((spec) => !found.has(spec.name));
      if (missing.length > 0) await this.create(broker, missing, found);
      const all = missing.length > 0 ? await this.awaitLeaders(broker, specs) : found;
      this.assertCounts(specs, all);
      await this.assertPolicies(broker, specs);
      for (const [topic, count] of all) this.counts.set(topic, count);
      for (const spec of specs) this.specs.set(spec.name, spec);
    } finally {
      link.close();
    }
  }

  /** Those that exist, as they are; from now on they can be read. */
  async find(names: readonly string[]): Promise<FoundTopic[]> {
    if (names.length === 0) return [];
    const link = new BrokerLink({ ...this.settings, logger: SILENT }, [], CREATE_TIMEOUT_MS);
    try {
      const specs = names.map((name) => ({ name, policy: 'keep' as const }));
      const broker = await this.reach(link, specs);
      const counts = await this.existing(broker, specs);
      for (const [topic, count] of counts) this.counts.set(topic, count);
      if (counts.size === 0) return [];
      const configs = await this.configs(broker, [...counts.keys()], POLICY_CONFIGS);
      return [...counts].map(([name, partitions]) => ({ name, partitions, policy: policyOf(configs.get(name) ?? {}) }));
    } finally {
      link.close();
    }
  }

  /** Checks the topics once more. @throws LogSetupError with one clear line */
  async verify(link: BrokerLink): Promise<void> {
    const specs = [...this.specs.values()];
    const broker = await link.any();
    const found = this.countsOf(
      (await this.describe(broker, specs)).filter(({ topicErrorCode }) => topicErrorCode === 0),
    );
    const gone = specs.filter(({ name }) => !found.has(name));
    if (gone.length > 0) throw new TopicGone(gone.map(({ name }) => this.settings.topicPrefix + name));
    await this.assertPolicies(broker, specs);
  }

  /** A broker that answers, waited for as long as a start may take. */
  private async reach(link: BrokerLink, specs: readonly TopicSpec[]): Promise<Broker> {
    const { startTimeoutMs, brokers } = this.settings;
    const deadline = Date.now() + startTimeoutMs;
    let reason: string | undefined;
    for (;;) {
      try {
        const asking = link.any().then(async (broker) => {
          // Some refuse only what comes after the greeting.
          await this.describe(broker, specs);
          return broker;
        });
        return await within(Math.max(1, deadline - Date.now()), 'connecting', asking);
      } catch (error) {
        if (isWrongCredentials(error)) {
          throw new LogSetupError('LOG_CREDENTIALS', `Kafka refuses the credentials: ${messageOf(error)}`);
        }
        // The last attempt may have ended for want of time, and tell nothing; the ones before it knew more.
        if (reason === undefined || Date.now() < deadline) reason = messageOf(error);
        if (Date.now() + RETRY_MS >= deadline) {
          const hint = reason === 'Closed connection' ? ' by the broker; does it ask for TLS or SASL?' : '';
          throw new LogSetupError(
            'LOG_UNREACHABLE',
            `no Kafka broker of ${brokers.join(', ')} could be reached in ${startTimeoutMs} ms: ${reason}${hint}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Partition counts of the topics that are there. */
  private async existing(broker: Broker, specs: readonly TopicSpec[]): Promise<Map<string, number>> {
    const found = await this.describe(broker, specs);
    const denied = found.filter(({ topicErrorCode }) => isMissingRight(refusalOfCode(topicErrorCode)));
    if (denied.length > 0)
      throw this.missingRight(
        'describe',
        denied.map(({ topic }) => topic),
      );
    return this.countsOf(found.filter(({ topicErrorCode }) => topicErrorCode === 0));
  }

  private async create(broker: Broker, specs: readonly TopicSpec[], found: Map<string, number>): Promise<void> {
    const { topicPrefix, replicationFactor, partitions } = this.settings;
    const topics = specs.map((spec) => ({
      topic: topicPrefix + spec.name,
      numPartitions: spec.partitions ?? siblingCount(spec.name, found) ?? partitions,
      replicationFactor: replicationFactor ?? BROKER_DEFAULT,
      configEntries: Object.entries(configOf(spec, replicationFactor)).map(([name, value]) => ({ name, value })),
    }));
    try {
      await broker.createTopics({ topics, timeout: CREATE_TIMEOUT_MS });
    } catch (error) {
      const refused =
        error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : [error];
      // Another process that starts at the same moment may have made them.
      const real: unknown[] = refused.filter((each) => refusalOf(each) !== 'TOPIC_ALREADY_EXISTS');
      if (real.length === 0) return;
      if (real.some((each) => isMissingRight(refusalOf(each)))) {
        throw this.missingRight(
          'create',
          topics.map(({ topic }) => topic),
        );
      }
      throw new LogSetupError('LOG_TOPIC_POLICY', `topics cannot be made: ${real.map(messageOf).join('; ')}`);
    }
  }

  /** New topics take a moment until every partition has a leader. */
  private async awaitLeaders(broker: Broker, specs: readonly TopicSpec[]): Promise<Map<string, number>> {
    const deadline = Date.now() + this.settings.startTimeoutMs;
    for (;;) {
      const found = await this.describe(broker, specs);
      const led = found.filter(
        (topic) =>
          topic.topicErrorCode === 0 &&
          topic.partitionMetadata.length > 0 &&
          topic.partitionMetadata.every(({ leader }) => leader >= 0),
      );
      if (led.length === specs.length) return this.countsOf(led);
      if (Date.now() > deadline) throw new LogSetupError('LOG_UNREACHABLE', 'new topics have no leaders yet');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** kafkajs' own metadata call throws when any topic is missing. */
  private async describe(broker: Broker, specs: readonly TopicSpec[]): Promise<readonly DescribedTopic[]> {
    const topics = specs.map(({ name }) => this.settings.topicPrefix + name);
    const { request, response } = requests.Metadata.protocol({ version: METADATA_VERSION })({
      topics,
      allowAutoTopicCreation: false,
    });
    return exchange(broker, {
      request,
      response: {
        decode: response.decode,
        parse: (decoded: { readonly topicMetadata: readonly DescribedTopic[] }) => decoded.topicMetadata,
      },
    });
  }

  private assertCounts(specs: readonly TopicSpec[], counts: ReadonlyMap<string, number>): void {
    const { partitions, partitionsExplicit } = this.settings;
    const wrong = countContradiction(specs, counts, partitionsExplicit ? partitions : undefined);
    if (wrong !== undefined) throw new LogSetupError('LOG_TOPIC_POLICY', wrong);
  }

  private async assertPolicies(broker: Broker, specs: readonly TopicSpec[]): Promise<void> {
    const { topicPrefix, replicationFactor } = this.settings;
    const wanted = new Map(specs.map((spec) => [topicPrefix + spec.name, configOf(spec, replicationFactor)]));
    const resources = [...wanted].map(([name, config]) => ({
      type: TOPIC_RESOURCE,
      name,
      configNames: Object.keys(config),
    }));
    let answer: Awaited<ReturnType<Broker['describeConfigs']>>;
    try {
      answer = await broker.describeConfigs({ resources });
    } catch (error) {
      if (isMissingRight(refusalOf(error)))
        throw this.missingRight('describe the configuration of', [...wanted.keys()]);
      throw asError(error);
    }
    for (const { resourceName, configEntries } of answer.resources) {
      const found: Record<string, string> = {};
      for (const { configName, configValue } of configEntries) found[configName] = configValue ?? '';
      const wrong = contradiction(resourceName, found, wanted.get(resourceName) ?? ({} satisfies TopicConfig));
      if (wrong !== undefined) throw new LogSetupError('LOG_TOPIC_POLICY', wrong);
    }
  }

  /** By bare name. */
  private async configs(
    broker: Broker,
    topics: readonly string[],
    configNames: readonly string[],
  ): Promise<Map<string, TopicConfig>> {
    const { topicPrefix } = this.settings;
    const resources = topics.map((topic) => ({ type: TOPIC_RESOURCE, name: topicPrefix + topic, configNames }));
    const answer = await broker.describeConfigs({ resources });
    return new Map(
      answer.resources.map(({ resourceName, configEntries }) => [
        resourceName.slice(topicPrefix.length),
        Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue ?? ''])),
      ]),
    );
  }

  private countsOf(found: readonly DescribedTopic[]): Map<string, number> {
    const prefix = this.settings.topicPrefix.length;
    return new Map(found.map(({ topic, partitionMetadata }) => [topic.slice(prefix), partitionMetadata.length]));
  }

  private missingRight(right: string, topics: readonly string[]): LogSetupError {
    return new LogSetupError('LOG_RIGHTS', `this principal may not ${right} the topics ${topics.join(', ')}`);
  }
}

/** Count of an existing topic of the same module, which a new one must share. */
function siblingCount(topic: string, found: ReadonlyMap<string, number>): number | undefined {
  const module = moduleOf(topic);
  if (module === undefined) return undefined;
  for (const [other, count] of found) if (moduleOf(other) === module) return count;
  return undefined;
}
