import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './http-problem';
import type { ProblemCatalog } from './problem-catalog';
import { writeProblem } from './problem.filter';
import { problemPage } from './problem-pages';
import { product } from './product';

/** Swagger UI comes with Nest's OpenAPI package; nothing is loaded from elsewhere. */
const swaggerUi = dirname(createRequire(require.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'));

const assets: Readonly<Record<string, { readonly type: string; readonly content: () => string | Buffer }>> = {
  'swagger-ui.css': { type: 'text/css; charset=utf-8', content: () => readFileSync(join(swaggerUi, 'swagger-ui.css')) },
  'swagger-ui-bundle.js': {
    type: 'text/javascript; charset=utf-8',
    content: () => readFileSync(join(swaggerUi, 'swagger-ui-bundle.js')),
  },
  'start.js': {
    type: 'text/javascript; charset=utf-8',
    content: () => `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });\n`,
  },
  'page.css': {
    type: 'text/css; charset=utf-8',
    content: () =>
      'body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }\n' +
      'code { background: #8882; border-radius: 0.2rem; padding: 0 0.2rem; }\n' +
      'pre { background: #8882; overflow: auto; padding: 0.8rem; }\n',
  },
};

const explorer = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${product.name} API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** Pages for people, with a policy that lets Swagger UI style itself and run nothing but its own files. */
export async function serveDocumentation(
  server: FastifyInstance,
  { catalog, openApi }: { catalog: ProblemCatalog; openApi: () => object },
): Promise<void> {
  let openApiText: string | undefined;
  server.get('/openapi.json', { config: { isPublic: true } }, (_request, reply) => {
    openApiText ??= JSON.stringify(openApi());
    return reply.type('application/json; charset=utf-8').send(openApiText);
  });

  await server.register(async (pages) => {
    // Nest sets its error handler on the server after this scope has been made.
    pages.setErrorHandler((error, request, reply) => {
      writeProblem(catalog, error, request, reply);
    });
    // The policy of the pages takes the place of the one for data.
    pages.addHook('onRequest', (_request, reply, done) => {
      reply.removeHeader('content-security-policy');
      done();
    });
    await pages.register(helmet, {
      // It would bind a whole domain for a year; that is for the proxy to say that ends TLS.
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
    });
    const config = { produces: ['text/html', '*/*'] as const, isPublic: true };
    const html = 'text/html; charset=utf-8';
    pages.get('/docs', { config }, (_request, reply) => reply.type(html).send(explorer));
    pages.get('/docs/', { config }, (_request, reply) => reply.redirect('/docs', 308));
    pages.get<{ Params: { asset: string } }>('/docs/:asset', { config }, (request, reply) => {
      const asset = Object.hasOwn(assets, request.params.asset) ? assets[request.params.asset] : undefined;
      if (!asset) {
        throw new HttpProblem('NOT_FOUND');
      }
      return reply.type(asset.type).header('cache-control', 'max-age=3600').send(asset.content());
    });
    pages.get<{ Params: { code: string } }>('/docs/problems/:code', { config }, (request, reply) => {
      const page = problemPage(catalog, request.params.code);
      if (page === undefined) {
        throw new HttpProblem('NOT_FOUND');
      }
      return reply.type(html).send(page);
    });
  });
}
