import { unreachable } from '../../../kernel/decider';
import type { PaymentEvent } from './user.events';

/** The balance that an event leaves, in minor units; `undefined` when it leaves it as it was. */
export function balanceAfter(event: PaymentEvent): number | undefined {
  switch (event.type) {
    case 'UserRegistered':
    case 'PaymentSent':
    case 'PaymentReceived':
    case 'PaymentReturned':
      return event.data.balance;
    case 'UserRenamed':
    case 'PaymentRefused':
    case 'PaymentRequested':
    case 'PaymentRequestDeclined':
    case 'PaymentRequestWithdrawn':
      return undefined;
    default:
      return unreachable(event);
  }
}
