import type { Erasure } from '../../../kernel/erasure';
import { customerEvents, type CustomerEvent } from './customer.events';

/** Who is erased is forgotten, also when the process ends before it has destroyed the key itself. */
export const customerErasure: Erasure<CustomerEvent> = {
  name: 'accounts.eraser',
  source: customerEvents,
  personOf: ({ type, aggregateId }) => (type === 'CustomerErased' ? aggregateId : undefined),
};
