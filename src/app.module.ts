import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AccountsModule } from './modules/accounts/accounts.module';
import { CalculatorModule } from './modules/calculator/calculator.module';
import { OrdersModule } from './modules/orders/orders.module';
import { PaymentsModule } from './modules/payments/payments.module';
import { OUTCOMES_VIEW } from './platform/commands/command-outcomes.view';
import type { Settings } from './platform/config/settings';
import type { Feature } from './platform/feature';
import { PlatformModule } from './platform/platform.module';

/** All business modules of this product. */
export const modules: readonly (Type & { readonly feature: Feature })[] = [
  AccountsModule,
  CalculatorModule,
  OrdersModule,
  PaymentsModule,
];

/** Names that the settings `MODULES` and `VIEWS` may hold. */
export const known = {
  modules: modules.map(({ feature }) => feature.name),
  views: [
    ...modules.flatMap(({ feature }) => [...feature.views, ...(feature.publications ?? [])].map(({ name }) => name)),
    OUTCOMES_VIEW,
  ],
};

/** The list of modules. A process without the role `api` runs what they declare, and serves none of their routes. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    const chosen = modules.filter(({ feature }) => settings.modules === 'all' || settings.modules.has(feature.name));
    const platform = PlatformModule.forRoot(
      chosen.map(({ feature }) => feature),
      settings,
      modules.map(({ feature }) => feature),
    );
    return { module: AppModule, imports: settings.roles.has('api') ? [platform, ...chosen] : [platform] };
  }
}
