import { unreachable } from '../../../kernel/decider';
import type { View } from '../../../kernel/view';
import { paymentEvents, type PaymentEvent } from '../domain/user.events';

/** All completed payments in one row. */
export type StatisticsRow = {
  readonly id: 'all';
  /** Number of completed payments. */
  readonly total: number;
  /** Sum of their amounts in minor units, in decimal: it may outgrow what a number can hold. */
  readonly amount: string;
  /** When the newest was completed, milliseconds since the epoch. */
  readonly at: number;
};

export const statisticsView: View<StatisticsRow, PaymentEvent> = {
  name: 'payments.statistics',
  sources: [paymentEvents],
  stream: 'table',
  table: {
    name: 'payments_statistics',
    columns: { id: 'text', total: 'integer', amount: 'text', at: 'integer' },
    key: ['id'],
  },
  project({ at, ...event }) {
    switch (event.type) {
      case 'PaymentReceived': {
        const { amount } = event.data;
        // In whatever order the partitions are read, the sums and the newest time are the same.
        const add = (row: StatisticsRow | undefined): StatisticsRow => ({
          id: 'all',
          total: (row?.total ?? 0) + 1,
          amount: String(BigInt(row?.amount ?? 0) + BigInt(amount)),
          at: Math.max(row?.at ?? 0, at),
        });
        return [{ key: { id: 'all' }, update: add }];
      }
      case 'UserRegistered':
      case 'UserRenamed':
      case 'PaymentSent':
      case 'PaymentRefused':
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
