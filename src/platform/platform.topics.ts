import type { Feature } from './feature';
import { deadLetterTopic } from './log/dead-letter';
import { REPLIES_TOPIC, topicsOf } from './log/envelope';
import type { TopicSpec } from './log/log.port';
import { reactionTopics } from './reactions/reactions-of';

const REPLIES_KEPT_MS = 24 * 60 * 60 * 1_000;

/** Every topic that these features need, but for the log's own id. */
export function topicSpecs(features: readonly Feature[]): TopicSpec[] {
  const specs: TopicSpec[] = [
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
    ...features.flatMap(({ views }) => views.flatMap(({ follows = [] }) => follows)),
  ];
  // A process reads and writes topics of modules that are here too, mostly.
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}

/** Names of all topics, that of the log's id too. */
export function topicNames(features: readonly Feature[]): string[] {
  return ['log', ...topicSpecs(features).map(({ name }) => name)];
}
