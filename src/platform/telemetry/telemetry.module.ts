import { Global, Module } from '@nestjs/common';
import { FatalErrors } from './fatal-errors';
import { HealthController } from './health.controller';
import { HealthRegistry } from './health-registry';
import { MetricsController } from './metrics.controller';
import { MetricsService } from './metrics.service';
import { Traces } from './traces';

/** Health, metrics, traces and the end of a process that has lost a part; for every module. */
@Global()
@Module({
  controllers: [HealthController, MetricsController],
  providers: [HealthRegistry, MetricsService, FatalErrors, Traces],
  exports: [HealthRegistry, MetricsService, FatalErrors, Traces],
})
export class TelemetryModule {}
