import { Module } from '@nestjs/common';
import { commandHandlersFor } from '../../platform/commands/command-handlers';
import { runnable, type Feature } from '../../platform/feature';
import { __nounName__, __nounName__Rejections } from './domain/__noun__.decider';
import { __Module__Controller } from './__module__.controller';
import { Get__Noun__Handler, __nounName__View } from './views/__noun__.view';

@Module({
  controllers: [__Module__Controller],
  providers: [...commandHandlersFor(__nounName__), Get__Noun__Handler],
})
export class __Module__Module {
  static readonly feature: Feature = {
    name: '__module__',
    aggregates: [__nounName__],
    views: [runnable(__nounName__View)],
    rejections: [__nounName__Rejections],
  };
}
