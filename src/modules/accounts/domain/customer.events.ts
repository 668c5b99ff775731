import { z } from 'zod';
import { event, eventContract, type EventOf } from '../../../kernel/event-contract';
import { customerSchema, exampleCustomer } from './customer.document';

/**
 * What has happened to a customer. These schemas are the storage format of `accounts.events`: never change one, add a version. They take
 * no personal data that is not sealed.
 */
export const customerEvents = eventContract('accounts', {
  CustomerCreated: event(z.strictObject({ customer: customerSchema }), { customer: exampleCustomer }),
  /** The whole customer afterwards, and the paths of the leaves that are other than before. */
  CustomerChanged: event(z.strictObject({ customer: customerSchema, changed: z.array(z.string()) }), {
    customer: exampleCustomer,
    changed: ['contact.email', 'addresses[0].city'],
  }),
  /** The key is destroyed because of it: what the events before it say of the person cannot be read any more. */
  CustomerErased: event(z.strictObject({}), {}),
});

export type CustomerEvent = EventOf<typeof customerEvents>;
