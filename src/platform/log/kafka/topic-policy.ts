import { isDeadLetterTopic } from '../dead-letter';
import type { TopicSpec } from '../log.port';

const MODULE_TOPIC = /^(.+?)\.(commands|events|state|commands\.dead-letters)$/;
const REPLICAS_TO_BE_SAFE = 3;
const IN_SYNC_LEAST = 2;
/** Twice what Kafka lets into a topic by default: a dead letter is its record and the headers that tell cause and origin. */
const DEAD_LETTER_BYTES_MAX = 2 * 1024 * 1024;

export type TopicConfig = Readonly<Record<string, string>>;

/** Settings of Kafka that give a topic its policy. */
export function configOf(spec: TopicSpec, replicationFactor: number | null): TopicConfig {
  const safe =
    replicationFactor !== null && replicationFactor >= REPLICAS_TO_BE_SAFE
      ? { 'min.insync.replicas': String(IN_SYNC_LEAST) }
      : {};
  if (spec.policy === 'compact') return { 'cleanup.policy': 'compact', ...safe };
  if (spec.policy === 'keep') {
    const size = isDeadLetterTopic(spec.name) ? { 'max.message.bytes': String(DEAD_LETTER_BYTES_MAX) } : {};
    return { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1', ...size, ...safe };
  }
  return { 'cleanup.policy': 'delete', 'retention.ms': String(spec.policy.deleteAfterMs), ...safe };
}

/** The settings of Kafka that {@link policyOf} looks at. */
export const POLICY_CONFIGS = ['cleanup.policy', 'retention.ms', 'retention.bytes'] as const;

/** The policy that a topic's settings amount to; one that also deletes by size counts as deleting. */
export function policyOf(config: TopicConfig): TopicSpec['policy'] {
  if (config['cleanup.policy'] === 'compact') return 'compact';
  const keptMs = Number(config['retention.ms'] ?? -1);
  return keptMs < 0 && config['retention.bytes'] === '-1' ? 'keep' : { deleteAfterMs: keptMs };
}

/** One clear sentence about what a topic found has and must have instead; undefined when all is well. */
export function contradiction(topic: string, found: TopicConfig, wanted: TopicConfig): string | undefined {
  const wrong = Object.entries(wanted).filter(([name, value]) => !satisfies(name, found[name], value));
  if (wrong.length === 0) return undefined;
  const parts = wrong.map(([name, value]) => `${name} is ${found[name] ?? 'not set'} and must be ${value}`);
  return `topic ${topic}: ${parts.join('; ')}`;
}

/** Topics of one module (`orders.commands`, its dead letters, `orders.events`, `orders.state`) share the module's name; others have none. */
export function moduleOf(topic: string): string | undefined {
  return MODULE_TOPIC.exec(topic)?.[1];
}

/**
 * Checks counts against the specs, within each module, and against an explicit setting.
 * @returns one clear sentence about the first contradiction, else undefined
 */
export function countContradiction(
  specs: readonly TopicSpec[],
  counts: ReadonlyMap<string, number>,
  explicit: number | undefined,
): string | undefined {
  const ofModule = new Map<string, { topic: string; count: number }>();
  for (const { name, partitions } of specs) {
    const count = counts.get(name);
    if (count === undefined) continue;
    const wanted = partitions ?? explicit;
    if (wanted !== undefined && count !== wanted) {
      const source = partitions === undefined ? ' (PARTITIONS)' : '';
      return `topic ${name}: it has ${count} partitions and must have ${wanted}${source}`;
    }
    const module = moduleOf(name);
    if (module === undefined) continue;
    const sibling = ofModule.get(module);
    if (sibling === undefined) ofModule.set(module, { topic: name, count });
    else if (sibling.count !== count) {
      return `topic ${name}: it has ${count} partitions and must have as many as ${sibling.topic}, ${sibling.count}`;
    }
  }
  return undefined;
}

function satisfies(name: string, found: string | undefined, wanted: string): boolean {
  // An administrator may set less, and nothing is lost: a process that meets a larger dead letter stops there until there is room.
  if (name === 'max.message.bytes') return true;
  if (name === 'min.insync.replicas') return Number(found) >= Number(wanted);
  return found === wanted;
}
