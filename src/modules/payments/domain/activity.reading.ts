import { unreachable } from '../../../kernel/decider';
import type { RecordedEvent } from '../../../kernel/event-contract';
import type { PaymentEvent } from './user.events';

/** What everybody may watch: who paid whom, and who asked whom. */
export interface Activity {
  readonly eventName: 'PaymentSent' | 'PaymentReceived' | 'PaymentRequested';
  /** Minor units; negative when it was sent. */
  readonly amount: number;
  readonly fromUserId: string;
  readonly fromUserName: string;
  readonly toUserId: string;
  readonly toUserName: string;
}

/** What an event shows to everybody; `undefined` when nothing. */
export function activityOf({ aggregateId, ...event }: RecordedEvent<PaymentEvent>): Activity | undefined {
  switch (event.type) {
    case 'PaymentSent': {
      const { amount, fromUserName, toUserId, toUserName } = event.data;
      return { eventName: event.type, amount: -amount, fromUserId: aggregateId, fromUserName, toUserId, toUserName };
    }
    case 'PaymentReceived': {
      const { amount, fromUserId, fromUserName, toUserName } = event.data;
      return { eventName: event.type, amount, fromUserId, fromUserName, toUserId: aggregateId, toUserName };
    }
    case 'PaymentRequested': {
      const { amount, fromUserId, fromUserName, toUserName } = event.data.request;
      return { eventName: event.type, amount, fromUserId, fromUserName, toUserId: aggregateId, toUserName };
    }
    case 'UserRegistered':
    case 'UserRenamed':
    case 'PaymentRefused':
    case 'PaymentReturned':
    case 'PaymentRequestDeclined':
    case 'PaymentRequestWithdrawn':
      return undefined;
    default:
      return unreachable(event);
  }
}
