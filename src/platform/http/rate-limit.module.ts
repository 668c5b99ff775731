import { type DynamicModule, type ExecutionContext, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';

/** Limits the requests per second and caller, over all routes together. Probes and metrics are exempt. */
@Module({})
export class RateLimitModule {
  /** @param perSecond requests per second and caller; 0: no limit, and no cost */
  static forRoot(perSecond: number): DynamicModule {
    if (perSecond === 0) {
      return { module: RateLimitModule };
    }
    return {
      module: RateLimitModule,
      imports: [
        ThrottlerModule.forRoot({
          throttlers: [{ ttl: 1000, limit: perSecond }],
          setHeaders: false,
          generateKey: (_context: ExecutionContext, caller: string) => caller,
        }),
      ],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    };
  }
}
