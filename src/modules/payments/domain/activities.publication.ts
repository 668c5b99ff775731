import { z } from 'zod';
import { showMoney } from '../../../kernel/money';
import type { Publication } from '../../../kernel/publication';
import { activityOf } from './activity.reading';
import { paymentEvents, type PaymentEvent } from './user.events';

const activitySchema = z.strictObject({
  eventName: z.enum(['PaymentSent', 'PaymentReceived', 'PaymentRequested']),
  amount: z.number(),
  fromUserId: z.string(),
  fromUserName: z.string(),
  toUserId: z.string(),
  toUserName: z.string(),
  timestamp: z.int(),
});

/** Who paid whom and who asked whom, as it happens; the key is the user whose balance changed, or the request. */
export const activitiesPublication: Publication<PaymentEvent, z.output<typeof activitySchema>> = {
  name: 'payments.activities',
  source: paymentEvents,
  topic: 'payments.activities',
  policy: 'keep',
  schema: activitySchema,
  publish(event) {
    const activity = activityOf(event);
    if (activity === undefined) return [];
    const key = event.type === 'PaymentRequested' ? event.data.request.id : event.aggregateId;
    const data = { ...activity, amount: showMoney(activity.amount), timestamp: event.at };
    return [{ key, type: activity.eventName, data }];
  },
};
