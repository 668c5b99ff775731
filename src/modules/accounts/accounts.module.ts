import { Module } from '@nestjs/common';
import { erasureOf } from '../../kernel/erasure';
import { publicationOf } from '../../kernel/publication';
import { commandHandlersFor } from '../../platform/commands/command-handlers';
import { runnable, type Feature } from '../../platform/feature';
import { CustomerVault } from './customer.vault';
import { CustomersController } from './customers.controller';
import { customerChangePublication } from './domain/customer-change.publication';
import { customer, customerRejections } from './domain/customer.decider';
import { customerErasure } from './domain/customer.erasure';
import { customerHistoryView, GetCustomerHistoryHandler } from './views/customer-history.view';
import { customerView, GetCustomerHandler, GetCustomersHandler } from './views/customer.view';

@Module({
  controllers: [CustomersController],
  providers: [
    ...commandHandlersFor(customer),
    CustomerVault,
    GetCustomerHandler,
    GetCustomerHistoryHandler,
    GetCustomersHandler,
  ],
})
export class AccountsModule {
  static readonly feature: Feature = {
    name: 'accounts',
    aggregates: [customer],
    views: [runnable(customerView), runnable(customerHistoryView)],
    publications: [publicationOf(customerChangePublication)],
    erasures: [erasureOf(customerErasure)],
    holdsPersonalData: true,
    rejections: [customerRejections],
  };
}
