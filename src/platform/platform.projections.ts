import { outcomesProjection } from './commands/command-outcomes.view';
import type { Feature } from './feature';
import { topicsOf } from './log/envelope';
import type { Projection } from './views/projection';

/**
 * Every view of these features, the platform's own included.
 *
 * @param product every feature of the product, where `MODULES` leaves some out here: the outcomes are one view of all of them, and the
 * members of its group must read the same topics
 */
export function projectionsOf(features: readonly Feature[], product: readonly Feature[] = features): Projection[] {
  const commandTopics = product.map(({ name }) => topicsOf(name).commands);
  return [...features.flatMap(({ views }) => views), outcomesProjection(commandTopics)];
}
