import type { View } from '../../../kernel/view';
import { balanceAfter } from '../domain/balance.reading';
import { paymentEvents, type PaymentEvent } from '../domain/user.events';

/** Every balance that a user ever had. */
export type BalanceHistoryRow = {
  readonly user_id: string;
  readonly version: number;
  /** Minor units. */
  readonly balance: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

export const balanceHistoryView: View<BalanceHistoryRow, PaymentEvent> = {
  name: 'payments.balance-history',
  sources: [paymentEvents],
  stream: 'log',
  table: {
    name: 'payments_balance_histories',
    columns: { user_id: 'text', version: 'integer', balance: 'integer', at: 'integer' },
    key: ['user_id', 'version'],
    indexes: [['user_id']],
  },
  project(event) {
    const balance = balanceAfter(event);
    if (balance === undefined) return [];
    const { aggregateId: user_id, version, at } = event;
    return [{ key: { user_id, version }, update: () => ({ user_id, version, balance, at }) }];
  },
};
