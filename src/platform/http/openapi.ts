import type { INestApplication } from '@nestjs/common';
import { RouteAccess } from '../auth/route-access';
import { BEARER, problemsOf, securityOf } from '../auth/security.openapi';
import { DocumentBuilder, getSchemaPath, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { Problem } from './api-problems.decorator';
import { problemCodes, type ProblemCode } from './problem-codes';
import { product } from './product';

/** What any route may answer before its own code runs. */
const ofEveryRoute: readonly ProblemCode[] = [
  'VALIDATION_FAILED',
  'NOT_ACCEPTABLE',
  'REQUEST_TIMEOUT',
  'HEADERS_TOO_LARGE',
];
/** Probes and metrics are always let in. */
const ofClientsRoutes: readonly ProblemCode[] = ['RATE_LIMITED', 'OVERLOADED'];
const ofRoutesWithBody: readonly ProblemCode[] = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;

type PathItem = OpenAPIObject['paths'][string];
type Responses = NonNullable<PathItem['get']>['responses'];

/** The OpenAPI document of every route of the process; every route may also answer the problems that need no command. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(product.name)
    .setDescription(product.description)
    .setVersion(product.version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, BEARER)
    .build();
  const document = SwaggerModule.createDocument(app, config, { extraModels: [Problem] });
  const routes = app.get(RouteAccess);
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method];
      if (operation === undefined) continue;
      const isProbe = path === '/metrics' || path.startsWith('/health/');
      const access = routes.of(method, path);
      if (access !== undefined) operation.security = securityOf(access, routes);
      const codes = [
        ...ofEveryRoute,
        ...(access === undefined ? [] : problemsOf(access, routes)),
        ...(isProbe ? [] : ofClientsRoutes),
        ...(operation.requestBody === undefined ? [] : ofRoutesWithBody),
      ];
      for (const code of codes) addProblem(operation.responses, code);
    }
  }
  return document;
}

function addProblem(responses: Responses, code: ProblemCode): void {
  const { status, title } = problemCodes[code];
  const present = responses[status];
  const description = present !== undefined && 'description' in present ? (present.description ?? '') : '';
  if (description.includes(`\`${code}\``)) return;
  responses[status] = {
    ...present,
    description: `${description === '' ? '' : `${description}\n\n`}\`${code}\`: ${title}`,
    content: {
      ...(present !== undefined && 'content' in present ? present.content : {}),
      'application/problem+json': { schema: { $ref: getSchemaPath(Problem) } },
    },
  };
}
