import { Module } from '@nestjs/common';
import { commandHandlersFor } from '../../platform/commands/command-handlers';
import { runnable, type Feature } from '../../platform/feature';
import { paymentRejections } from './domain/payment.rejections';
import { user } from './domain/user.decider';
import { PaymentFacts } from './payment.facts';
import { PaymentRequestsController } from './payment-requests.controller';
import { PaymentsController } from './payments.controller';
import { simulator } from './payments.simulator';
import { StatementController } from './statement.controller';
import { UsersController } from './users.controller';
import { activityView } from './views/activity.view';
import { balanceHistoryView } from './views/balance-history.view';
import { balanceView } from './views/balance.view';
import { GetOpenRequestsHandler, GetPaymentRequestHandler, paymentRequestView } from './views/payment-request.view';
import { statisticsView } from './views/statistics.view';
import { GetUsersHandler, userView } from './views/user.view';

@Module({
  controllers: [UsersController, PaymentsController, PaymentRequestsController, StatementController],
  providers: [
    ...commandHandlersFor(user),
    GetOpenRequestsHandler,
    GetPaymentRequestHandler,
    GetUsersHandler,
    PaymentFacts,
  ],
})
export class PaymentsModule {
  static readonly feature: Feature = {
    name: 'payments',
    aggregates: [user],
    views: [
      runnable(userView),
      runnable(balanceView),
      runnable(balanceHistoryView),
      runnable(activityView),
      runnable(paymentRequestView),
      runnable(statisticsView),
    ],
    rejections: [paymentRejections],
    tasks: [simulator],
  };
}
