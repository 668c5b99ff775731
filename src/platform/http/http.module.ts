import { type DynamicModule, Global, Module } from '@nestjs/common';
import { BalancerWatch } from './balancer-watch';
import { ProblemCatalog } from './problem-catalog';
import { RateLimitModule } from './rate-limit.module';
import { RootController } from './root.controller';
import { ShutdownSignal } from './shutdown-signal';

/** Gives every module the problem catalogue and the shutdown signal. */
@Global()
@Module({})
export class HttpModule {
  static forRoot(parts: {
    readonly catalog: ProblemCatalog;
    readonly shutdown: ShutdownSignal;
    readonly balancer: BalancerWatch;
    readonly rateLimitPerSecond: number;
  }): DynamicModule {
    return {
      module: HttpModule,
      imports: [RateLimitModule.forRoot(parts.rateLimitPerSecond)],
      controllers: [RootController],
      providers: [
        { provide: ProblemCatalog, useValue: parts.catalog },
        { provide: ShutdownSignal, useValue: parts.shutdown },
        { provide: BalancerWatch, useValue: parts.balancer },
      ],
      exports: [ProblemCatalog, ShutdownSignal],
    };
  }
}
