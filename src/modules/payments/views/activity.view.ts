import type { View } from '../../../kernel/view';
import { activityOf, type Activity } from '../domain/activity.reading';
import { paymentEvents, type PaymentEvent } from '../domain/user.events';

/** One activity, as it was when it happened. */
export type ActivityRow = {
  readonly event_id: string;
  readonly event_name: Activity['eventName'];
  /** Minor units; negative when it was sent. */
  readonly amount: number;
  readonly from_user_id: string;
  readonly from_user_name: string;
  readonly to_user_id: string;
  readonly to_user_name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

export const activityView: View<ActivityRow, PaymentEvent> = {
  name: 'payments.activity',
  sources: [paymentEvents],
  stream: 'log',
  table: {
    name: 'payments_activities',
    columns: {
      event_id: 'text',
      event_name: 'text',
      amount: 'integer',
      from_user_id: 'text',
      from_user_name: 'text',
      to_user_id: 'text',
      to_user_name: 'text',
      at: 'integer',
    },
    key: ['event_id'],
  },
  project(event) {
    const activity = activityOf(event);
    if (activity === undefined) return [];
    const row: ActivityRow = {
      event_id: event.id,
      event_name: activity.eventName,
      amount: activity.amount,
      from_user_id: activity.fromUserId,
      from_user_name: activity.fromUserName,
      to_user_id: activity.toUserId,
      to_user_name: activity.toUserName,
      at: event.at,
    };
    return [{ key: { event_id: row.event_id }, update: () => row }];
  },
};
