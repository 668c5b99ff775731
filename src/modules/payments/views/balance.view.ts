import type { View } from '../../../kernel/view';
import { balanceAfter } from '../domain/balance.reading';
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
