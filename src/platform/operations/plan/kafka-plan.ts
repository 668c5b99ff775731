import { OUTCOMES_VIEW } from '../../commands/command-outcomes.view';
import type { Settings } from '../../config/settings';
import type { Feature } from '../../feature';
import { configOf, type TopicConfig } from '../../log/kafka/topic-policy';
import { topicSpecs } from '../../platform.topics';
import { reactionsOf } from '../../reactions/reactions-of';

/** What the administrator of a Kafka has to make, where processes may not. */
export interface KafkaPlan {
  readonly topics: readonly PlannedTopic[];
  readonly rights: readonly PlannedRight[];
}

export interface PlannedTopic {
  readonly name: string;
  readonly partitions: number;
  /** `null`: the broker's default. */
  readonly replicationFactor: number | null;
  readonly config: TopicConfig;
}

/** Nothing on the cluster itself: since Kafka 3.0 an idempotent producer needs only to write to its topics. */
export interface PlannedRight {
  readonly resource: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly string[];
}

/**
 * Topics, policies and rights for processes of all roles with these features; names carry `KAFKA_TOPIC_PREFIX`.
 *
 * @param product every feature of the product, where `MODULES` leaves some out
 */
export function kafkaPlan(
  features: readonly Feature[],
  settings: Pick<Settings, 'kafka' | 'partitions'>,
  product: readonly Feature[] = features,
): KafkaPlan {
  const prefix = settings.kafka?.topicPrefix ?? '';
  const replicationFactor = settings.kafka?.replicationFactor ?? null;
  const specs = [{ name: 'log', partitions: 1, policy: 'keep' as const }, ...topicSpecs(features, product)];
  const topics = specs.map((spec) => ({
    name: prefix + spec.name,
    partitions: spec.partitions ?? settings.partitions,
    replicationFactor,
    config: configOf(spec, replicationFactor),
  }));
  const processors = features.map(({ name }) => `${prefix}${name}.processor`);
  const views = features.flatMap((feature) => feature.views.map(({ name }) => prefix + name));
  const reactors = reactionsOf(features).map(({ name }) => prefix + name);
  const tasks = features.flatMap((feature) => (feature.tasks ?? []).map(({ name }) => prefix + name));
  const groups = [...processors, ...reactors, ...views, ...tasks, prefix + OUTCOMES_VIEW];
  return {
    topics,
    rights: [
      ...topics.map(({ name }) => literal('topic', name, ['Describe', 'DescribeConfigs', 'Read', 'Write'])),
      ...groups.map((name) => literal('group', name, ['Describe', 'Read'])),
      // One id for each partition.
      ...[...processors, ...reactors].map((name): PlannedRight => ({
        resource: 'transactional-id',
        name: `${name}.`,
        pattern: 'prefixed',
        operations: ['Describe', 'Write'],
      })),
    ],
  };
}

/**
 * The plan as commands of Kafka's own tools, for a shell that has `KAFKA_BROKERS` and a file `admin.properties`.
 * @param principal such as `User:platform`
 */
export function planCommands({ topics, rights }: KafkaPlan, principal: string): string[] {
  const tool = (name: string): string =>
    `${name} --bootstrap-server "$KAFKA_BROKERS" --command-config admin.properties`;
  return [
    ...topics.map(({ name, partitions, replicationFactor, config }) =>
      [
        `${tool('kafka-topics.sh')} --create --if-not-exists --topic ${quoted(name)} --partitions ${partitions}`,
        ...(replicationFactor === null ? [] : [`--replication-factor ${replicationFactor}`]),
        ...Object.entries(config).map(([key, value]) => `--config ${key}=${value}`),
      ].join(' '),
    ),
    ...rights.map(({ resource, name, pattern, operations }) =>
      [
        `${tool('kafka-acls.sh')} --add --allow-principal ${quoted(principal)} --${resource} ${quoted(name)}`,
        `--resource-pattern-type ${pattern}`,
        ...operations.map((right) => `--operation ${right}`),
      ].join(' '),
    ),
  ];
}

function literal(resource: PlannedRight['resource'], name: string, operations: readonly string[]): PlannedRight {
  return { resource, name, pattern: 'literal', operations };
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w.:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
