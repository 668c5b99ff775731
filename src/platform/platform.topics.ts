import type { Feature } from './feature';
import { deadLetterTopic } from './log/dead-letter';
import { REPLIES_TOPIC, topicsOf } from './log/envelope';
import type { TopicSpec } from './log/log.port';
import { projectionsOf } from './platform.projections';
import { reactionTopics } from './reactions/reactions-of';

const REPLIES_KEPT_MS = 24 * 60 * 60 * 1_000;

/** Injection token of what {@link topicSpecs} says of this process. */
export const TOPICS = Symbol('TOPICS');

/**
 * Every topic that these features need, but for the log's own id.
 *
 * @param product every feature of the product, where `MODULES` leaves some out here
 */
export function topicSpecs(features: readonly Feature[], product: readonly Feature[] = features): TopicSpec[] {
  const views = projectionsOf(features, product).flatMap(({ topics }) => topics);
  const read = new Set(views.flatMap((topic) => [topic, deadLetterTopic(topic)]));
  const specs = [...writtenBy(features), ...writtenBy(product).filter(({ name }) => read.has(name))];
  // A process reads and writes topics of modules that are here too, mostly.
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

function writtenBy(features: readonly Feature[]): TopicSpec[] {
  return [
    { name: REPLIES_TOPIC, policy: { deleteAfterMs: REPLIES_KEPT_MS } },
    { name: deadLetterTopic(REPLIES_TOPIC), policy: 'keep' },
    ...features.flatMap(({ name }): TopicSpec[] => {
      const topics = topicsOf(name);
      return [
        { name: topics.commands, policy: 'keep' },
        { name: topics.events, policy: 'keep' },
        { name: topics.state, policy: 'compact' },
        { name: deadLetterTopic(topics.commands), policy: 'keep' },
        { name: deadLetterTopic(topics.events), policy: 'keep' },
      ];
    }),
    ...reactionTopics(features),
    ...features.flatMap(({ views }) =>
      views.flatMap(({ follows = [] }) =>
        follows.flatMap((topic): TopicSpec[] => [topic, { name: deadLetterTopic(topic.name), policy: 'keep' }]),
      ),
    ),
  ];
}

/** Names of these topics and that of the log's id. */
export function topicNames(specs: readonly TopicSpec[]): string[] {
  return ['log', ...specs.map(({ name }) => name)];
}
