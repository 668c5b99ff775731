import { z } from 'zod';
import { unreachable } from '../../../kernel/decider';
import { showMoney } from '../../../kernel/money';
import type { Publication, PublicMessage } from '../../../kernel/publication';
import { paymentEvents, type OpenRequest, type PaymentEvent } from './user.events';

const requestSchema = z.strictObject({
  id: z.string(),
  fromUserId: z.string(),
  fromUserName: z.string(),
  toUserId: z.string(),
  toUserName: z.string(),
  amount: z.number(),
  notes: z.string().nullable(),
  timestamp: z.int(),
});

type RequestMessage = PublicMessage<z.output<typeof requestSchema>>;

/** Every open request, by its id; a tombstone when it is paid, declined or withdrawn. */
export const requestsPublication: Publication<PaymentEvent, z.output<typeof requestSchema>> = {
  name: 'payments.requests',
  source: paymentEvents,
  topic: 'payments.requests',
  policy: 'compact',
  schema: requestSchema,
  publish({ aggregateId, ...event }) {
    switch (event.type) {
      case 'PaymentRequested':
        return [opened(event.data.request, aggregateId)];
      case 'PaymentSent':
        return event.data.request === null ? [] : [closed(event.data.request.id)];
      case 'PaymentReturned':
        return event.data.request === null ? [] : [opened(event.data.request, aggregateId)];
      case 'PaymentRequestDeclined':
      case 'PaymentRequestWithdrawn':
        return [closed(event.data.requestId)];
      case 'UserRegistered':
      case 'UserRenamed':
      case 'PaymentReceived':
      case 'PaymentRefused':
        return [];
      default:
        return unreachable(event);
    }
  },
};

function opened({ amount, at, ...request }: OpenRequest, toUserId: string): RequestMessage {
  const data = { ...request, toUserId, amount: showMoney(amount), timestamp: at };
  return { key: request.id, type: 'PaymentRequestOpened', data };
}

function closed(id: string): RequestMessage {
  return { key: id, type: 'PaymentRequestClosed', data: null };
}
