import { Module } from '@nestjs/common';
import { commandHandlersFor } from '../../platform/commands/command-handlers';
import { runnable, type Feature } from '../../platform/feature';
import { value, valueRejections } from './domain/value.decider';
import { ValuesController } from './values.controller';
import { GetValueHistoryHandler, valueHistoryView } from './views/value-history.view';
import { GetValueHandler, valueView } from './views/value.view';

@Module({
  controllers: [ValuesController],
  providers: [...commandHandlersFor(value), GetValueHandler, GetValueHistoryHandler],
})
export class CalculatorModule {
  static readonly feature: Feature = {
    name: 'calculator',
    aggregates: [value],
    views: [runnable(valueView), runnable(valueHistoryView)],
    rejections: [valueRejections],
  };
}
