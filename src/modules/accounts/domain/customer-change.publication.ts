import { unreachable } from '../../../kernel/decider';
import type { Publication, PublicTopic } from '../../../kernel/publication';
import { customerChangeSchema, type CustomerChange } from './customer.document';
import { customerEvents, type CustomerEvent } from './customer.events';

/** What other modules and systems may know of a customer, sealed under the customer's key; a tombstone when it is erased. */
export const customerChanges: PublicTopic<CustomerChange> = {
  topic: 'accounts.customer.change',
  policy: 'compact',
  schema: customerChangeSchema,
};

export const customerChangePublication: Publication<CustomerEvent, CustomerChange> = {
  ...customerChanges,
  name: 'accounts.customer-change',
  source: customerEvents,
  publish({ aggregateId: id, version, ...event }) {
    switch (event.type) {
      case 'CustomerCreated':
      case 'CustomerChanged': {
        const { name, contact, addresses } = event.data.customer;
        return [{ key: id, type: 'CustomerChangeEvent', data: { id, version, name, contact, addresses } }];
      }
      case 'CustomerErased':
        return [{ key: id, type: 'CustomerChangeEvent', data: null }];
      default:
        return unreachable(event);
    }
  },
};
