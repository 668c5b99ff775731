import { Module } from '@nestjs/common';
import { processOf } from '../../kernel/process';
import { publicationOf } from '../../kernel/publication';
import { commandHandlersFor } from '../../platform/commands/command-handlers';
import { runnable, type Feature } from '../../platform/feature';
import { activitiesPublication } from './domain/activities.publication';
import { balancesPublication } from './domain/balances.publication';
import { paymentRejections } from './domain/payment.rejections';
import { requestsPublication } from './domain/requests.publication';
import { settlement } from './domain/settlement.process';
import { user } from './domain/user.decider';
import { usersPublication } from './domain/users.publication';
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
    processes: [processOf(settlement)],
    publications: [
      publicationOf(activitiesPublication),
      publicationOf(balancesPublication),
      publicationOf(requestsPublication),
      publicationOf(usersPublication),
    ],
    rejections: [paymentRejections],
    tasks: [simulator],
  };
}
