import {
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import type { Settings } from '../config/settings';
import { HealthRegistry } from '../telemetry/health-registry';
import { AccessTokenStrategy } from './access-token.strategy';
import { AccessGuard } from './access.guard';
import { DevelopmentIssuer } from './development-issuer';
import { DevelopmentIssuerController } from './development-issuer.controller';
import { ISSUER_KEYS, type IssuerKeys } from './issuer-keys.port';
import { OidcIssuer } from './oidc-issuer';
import { RouteAccess } from './route-access';
import { TokenVerifier } from './token-verifier';

/** Who the callers are, and what they may use: every route of the process is behind its guard. */
@Module({})
export class AuthModule implements OnApplicationBootstrap, OnApplicationShutdown {
  static forRoot(settings: Settings): DynamicModule {
    const isDevelopment = settings.auth.issuer === 'development';
    return {
      module: AuthModule,
      imports: [DiscoveryModule],
      controllers: isDevelopment && settings.roles.has('api') ? [DevelopmentIssuerController] : [],
      providers: [
        ...(isDevelopment ? developmentProviders(settings) : oidcProviders(settings)),
        {
          provide: TokenVerifier,
          inject: [ISSUER_KEYS],
          useFactory: (keys: IssuerKeys) => new TokenVerifier(keys, settings.auth.audience),
        },
        { provide: APP_GUARD, useClass: AccessGuard },
        AccessTokenStrategy,
        RouteAccess,
      ],
      exports: [RouteAccess],
    };
  }

  constructor(@Inject(ISSUER_KEYS) private readonly keys: IssuerKeys) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.keys.start();
  }

  onApplicationShutdown(): void {
    this.keys.close();
  }
}

function developmentProviders({ http, auth, dataDir }: Settings): Provider[] {
  return [
    {
      provide: DevelopmentIssuer,
      useFactory: () => new DevelopmentIssuer(http.publicUrl, auth.audience, dataDir),
    },
    { provide: ISSUER_KEYS, useExisting: DevelopmentIssuer },
  ];
}

/** Without the role `api` nobody comes with a token but to probes, so that the issuer is no part of being ready. */
function oidcProviders({ auth, roles }: Settings): Provider[] {
  return [
    {
      provide: ISSUER_KEYS,
      inject: [HealthRegistry],
      useFactory: (health: HealthRegistry): IssuerKeys => {
        const logger = new Logger('Auth');
        const issuer = new OidcIssuer(auth.issuer, ({ message }) => logger.warn(message));
        if (roles.has('api')) health.register({ name: 'issuer', check: () => issuer.check() });
        return issuer;
      },
    },
  ];
}
