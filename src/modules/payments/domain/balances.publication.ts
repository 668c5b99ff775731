import { z } from 'zod';
import { showMoney } from '../../../kernel/money';
import type { Publication } from '../../../kernel/publication';
import { paymentEvents, type PaymentEvent } from './user.events';
import { balanceAfter } from './balance.reading';

const balanceSchema = z.strictObject({ balance: z.number(), timestamp: z.int() });

/** What every user has now, by user. */
export const balancesPublication: Publication<PaymentEvent, z.output<typeof balanceSchema>> = {
  name: 'payments.balances',
  source: paymentEvents,
  topic: 'payments.balances',
  policy: 'compact',
  schema: balanceSchema,
  publish(event) {
    const balance = balanceAfter(event);
    if (balance === undefined) return [];
    const data = { balance: showMoney(balance), timestamp: event.at };
    return [{ key: event.aggregateId, type: 'BalanceChanged', data }];
  },
};
