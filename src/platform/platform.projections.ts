import { outcomesProjection } from './commands/command-outcomes.view';
import type { Feature } from './feature';
import { topicsOf } from './log/envelope';
import type { Projection } from './views/projection';

/** Every view of these features, the platform's own included. */
export function projectionsOf(features: readonly Feature[]): Projection[] {
  const commandTopics = features.map(({ name }) => topicsOf(name).commands);
  return [...features.flatMap(({ views }) => views), outcomesProjection(commandTopics)];
}
