import { Module } from '@nestjs/common';
import { commandHandlersFor } from '../../platform/commands/command-handlers';
import { runnable, type Feature } from '../../platform/feature';
import { customerRejections } from '../accounts/contracts';
import { DocumentsReader } from './documents.reader';
import { order, orderRejections } from './domain/order.decider';
import { OrdersController } from './orders.controller';
import { documentView, GetDocumentHandler, GetDocumentsHandler, GetOrderHandler } from './views/document.view';

@Module({
  controllers: [OrdersController],
  providers: [...commandHandlersFor(order), DocumentsReader, GetDocumentHandler, GetDocumentsHandler, GetOrderHandler],
})
export class OrdersModule {
  static readonly feature: Feature = {
    name: 'orders',
    aggregates: [order],
    views: [runnable(documentView)],
    holdsPersonalData: true,
    rejections: [orderRejections, customerRejections],
  };
}
