import type { Feature } from '../feature';
import { deadLetterTopic } from '../log/dead-letter';
import { decodeEvent, topicsOf } from '../log/envelope';
import type { TopicSpec } from '../log/log.port';
import { decodeOnce } from '../views/projection';
import { erasureReaction } from './erasure-reaction';
import { processReaction, targetsOf } from './process-reaction';
import { publicationReaction } from './publication-reaction';
import type { Reaction } from './reaction';

const decode = decodeOnce(decodeEvent);

/** Every consumer of events that these features declare: the processes of each as one, each publication and erasure by itself. */
export function reactionsOf(features: readonly Feature[]): Reaction[] {
  return features.flatMap(({ name, processes = [], publications = [], erasures = [] }) => [
    ...(processes.length === 0 ? [] : [processReaction(name, processes, decode)]),
    ...publications.map((publication) => publicationReaction(publication, decode)),
    ...erasures.map((erasure) => erasureReaction(erasure, decode)),
  ]);
}

/** Topics that the reactions need: those of other modules too. */
export function reactionTopics(features: readonly Feature[]): TopicSpec[] {
  const processes = features.flatMap((feature) => feature.processes ?? []);
  const publications = features.flatMap((feature) => feature.publications ?? []);
  const erasures = features.flatMap((feature) => feature.erasures ?? []);
  const sources = [...processes, ...publications, ...erasures].map(({ source }) => topicsOf(source.module));
  return [
    ...sources.flatMap(({ events, state }): TopicSpec[] => [
      { name: events, policy: 'keep' },
      { name: state, policy: 'compact' },
      { name: deadLetterTopic(events), policy: 'keep' },
    ]),
    ...processes.flatMap(targetsOf).map((module): TopicSpec => ({ name: topicsOf(module).commands, policy: 'keep' })),
    ...publications.map(({ topic: name, policy }): TopicSpec => ({ name, policy })),
  ];
}
