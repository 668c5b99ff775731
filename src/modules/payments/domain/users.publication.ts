import { z } from 'zod';
import type { Publication } from '../../../kernel/publication';
import { paymentEvents, type PaymentEvent } from './user.events';

const userSchema = z.strictObject({ id: z.string(), name: z.string(), username: z.string() });

/** Every user's names, by user. */
export const usersPublication: Publication<PaymentEvent, z.output<typeof userSchema>> = {
  name: 'payments.users',
  source: paymentEvents,
  topic: 'payments.users',
  policy: 'compact',
  schema: userSchema,
  publish({ type, data, aggregateId: id }) {
    if (type !== 'UserRegistered' && type !== 'UserRenamed') return [];
    const { name, username } = data;
    return [{ key: id, type: 'UserChanged', data: { id, name, username } }];
  },
};
