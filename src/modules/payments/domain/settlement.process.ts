import { unreachable } from '../../../kernel/decider';
import type { CommandIntent, Process } from '../../../kernel/process';
import { user } from './user.decider';
import type { ReceivePaymentCommand, ReturnPaymentCommand } from './user.commands';
import { paymentEvents, type PaymentEvent } from './user.events';

/** The second leg of every payment: what was sent is received, and what the payee refuses goes back. */
export const settlement: Process<PaymentEvent> = {
  name: 'payments.settlement',
  source: paymentEvents,
  react({ aggregateId, ...event }) {
    switch (event.type) {
      case 'PaymentSent': {
        const { paymentId, amount, request, toUserId, toUserName, fromUserName } = event.data;
        const data = { paymentId, amount, request, fromUserId: aggregateId, fromUserName, toUserName };
        const received: CommandIntent<ReceivePaymentCommand> = {
          to: user,
          type: 'ReceivePaymentCommand',
          aggregateId: toUserId,
          data,
        };
        return [received];
      }
      case 'PaymentRefused': {
        const { paymentId, amount, request, fromUserId, reason } = event.data;
        const returned: CommandIntent<ReturnPaymentCommand> = {
          to: user,
          type: 'ReturnPaymentCommand',
          aggregateId: fromUserId,
          data: { paymentId, amount, request, reason, toUserId: aggregateId },
        };
        return [returned];
      }
      case 'UserRegistered':
      case 'UserRenamed':
      case 'PaymentReceived':
      case 'PaymentReturned':
      case 'PaymentRequested':
      case 'PaymentRequestDeclined':
      case 'PaymentRequestWithdrawn':
        return [];
      default:
        return unreachable(event);
    }
  },
};
