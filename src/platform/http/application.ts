import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuthModule } from '../auth/auth.module';
import { RouteAccess } from '../auth/route-access';
import { ConfigModule } from '../config/config.module';
import type { Settings } from '../config/settings';
import { HealthRegistry } from '../telemetry/health-registry';
import { createLogs, type Logs } from '../telemetry/logger';
import { MetricsService } from '../telemetry/metrics.service';
import { observeRequests } from '../telemetry/request-telemetry';
import { TelemetryModule } from '../telemetry/telemetry.module';
import { Traces } from '../telemetry/traces';
import { Admission, type AdmissionLimits } from './admission';
import { admissionLimits, guardAdmission, observeAdmission } from './admission-gate';
import { BalancerWatch } from './balancer-watch';
import { serveDocumentation } from './documentation.plugin';
import { createServer, type RequestLimits } from './fastify-server';
import { HttpModule } from './http.module';
import { openApiDocument } from './openapi';
import { ProblemCatalog } from './problem-catalog';
import { ProblemFilter } from './problem.filter';
import { RouteMethods } from './route-methods';
import { ShutdownSignal } from './shutdown-signal';
import { createValidationPipe } from './validation.pipe';

export interface ApplicationOptions {
  readonly settings: Settings;
  /** Modules beside configuration, HTTP and telemetry, which every process has. */
  readonly modules: readonly (Type | DynamicModule)[];
  /** Default: as the settings say, to standard output. */
  readonly logs?: Logs;
  readonly limits?: RequestLimits;
  /** Default: what suits the log. */
  readonly admission?: AdmissionLimits;
}

/** Headers that a browser of another origin may read. */
const exposedHeaders = [
  'Consistency',
  'Consistency-Token',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'Preference-Applied',
  'Retry-After',
  'WWW-Authenticate',
  'X-Correlation-Id',
];

/**
 * Builds the whole application, not yet listening: `await app.listen(port, host)` or, for tests, `await app.init()`.
 *
 * @throws whatever a module throws while it is built
 */
export async function createApplication(options: ApplicationOptions): Promise<NestFastifyApplication> {
  const { settings, logs = createLogs(settings.log), limits } = options;
  const catalog = new ProblemCatalog(settings.http.publicUrl);
  const routes = new RouteMethods();
  const shutdown = new ShutdownSignal();
  const balancer = new BalancerWatch();
  const server = createServer({
    settings: settings.http,
    catalog,
    routes,
    shutdown,
    balancer,
    ...(limits && { limits }),
  });
  const admission = new Admission(options.admission ?? admissionLimits(settings.kafka ? 'kafka' : 'embedded'));
  guardAdmission(server, catalog, admission);

  const app = await NestFactory.create<NestFastifyApplication>(
    {
      module: class Application {},
      imports: [
        ConfigModule.forRoot(settings),
        TelemetryModule,
        HttpModule.forRoot({ catalog, shutdown, balancer, rateLimitPerSecond: settings.http.rateLimitPerSecond }),
        // After the rate limit, which is cheaper to ask.
        AuthModule.forRoot(settings),
        ...options.modules,
      ],
    },
    new FastifyAdapter(server),
    { logger: logs.nest, abortOnError: false, bodyParser: false },
  );
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter(catalog, routes));
  if (settings.http.corsOrigins.length > 0) {
    const origin = settings.http.corsOrigins.includes('*') ? '*' : [...settings.http.corsOrigins];
    app.enableCors({ origin, methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], exposedHeaders, maxAge: 600 });
  }
  app.get(HealthRegistry).register({
    name: 'shutdown',
    check: () => {
      if (shutdown.closing) {
        throw new Error('the process is stopping');
      }
    },
  });
  observeRequests(server, logs, app.get(MetricsService), app.get(Traces));
  observeAdmission(admission, app.get(MetricsService));
  app.get(RouteAccess).require(server);
  await server.register(serveDocumentation, { catalog, openApi: () => openApiDocument(app) });
  return app;
}
