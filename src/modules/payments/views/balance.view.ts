import { unreachable } from '../../../kernel/decider';
import type { View } from '../../../kernel/view';
import { paymentEvents, type PaymentEvent } from '../domain/user.events';

/** What everybody has now. */
export type BalanceRow = {
  readonly id: string;
  /** Minor units. */
  readonly balance: number;
  /** Since when, milliseconds since the epoch. */
  readonly at: number;
};

export const balanceView: View<BalanceRow, PaymentEvent> = {
  name: 'payments.balance',
  sources: [paymentEvents],
  stream: 'table',
  table: {
    name: 'payments_balances',
    columns: { id: 'text', balance: 'integer', at: 'integer' },
    key: ['id'],
  },
  project(event) {
    const balance = balanceAfter(event);
    const { aggregateId: id, at } = event;
    return balance === undefined ? [] : [{ key: { id }, update: () => ({ id, balance, at }) }];
  },
};

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
