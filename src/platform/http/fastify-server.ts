import { randomUUID } from 'node:crypto';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { HttpSettings } from '../config/settings';
import { type Offers, preferred } from './accept';
import { type BalancerWatch, isProbe } from './balancer-watch';
import { HttpProblem } from './http-problem';
import { assertPlainJson, parseJsonBody } from './json-body';
import { answerMalformedRequest } from './malformed-request';
import type { ProblemCatalog } from './problem-catalog';
import { writeProblem } from './problem.filter';
import { requestContext, validTraceparent } from './request-context';
import type { RouteMethods } from './route-methods';
import { traceparentOf } from '../telemetry/traceparent';
import type { ShutdownSignal } from './shutdown-signal';

declare module 'fastify' {
  interface FastifyRequest {
    /** UUID of this attempt, also in `X-Correlation-Id` and in the logs. */
    readonly correlationId: string;
    /** `traceparent` for what the request causes: of its span, or of the caller when it is valid. */
    readonly traceparent: string | undefined;
    /** Code of the problem that was answered. */
    problemCode: string | undefined;
  }
  interface FastifyContextConfig {
    /** Media types of the answer when they are not JSON alone; see `@Produces`. */
    produces?: Offers;
  }
}

/** Limits of a request; the defaults are the platform's, tests shorten the times. */
export interface RequestLimits {
  /** All headers must have come within this time. */
  readonly headersTimeoutMs?: number;
  /** The whole request must have come within this time. */
  readonly requestTimeoutMs?: number;
  /** How often the two are looked at. */
  readonly timeoutCheckMs?: number;
}

const BODY_BYTES_MAX = 100 * 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const READINESS_ROUTE = '/health/ready';
const jsonOffers: Offers = ['application/json', 'application/problem+json'];

/** On every answer with data, which no page may embed or take for something else; pages have a policy of their own. */
const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export interface ServerParts {
  readonly settings: HttpSettings;
  readonly catalog: ProblemCatalog;
  readonly routes: RouteMethods;
  readonly shutdown: ShutdownSignal;
  readonly balancer: BalancerWatch;
  readonly limits?: RequestLimits;
}

/** The HTTP server below Nest: limits, body parsing, correlation ids, and problems for what never reaches a route. */
export function createServer(parts: ServerParts): FastifyInstance {
  const { settings, catalog, routes, shutdown, balancer, limits = {} } = parts;
  const server: FastifyInstance = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: typeof settings.trustProxy === 'boolean' ? settings.trustProxy : [...settings.trustProxy],
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: HEADER_BYTES_MAX },
    http: {
      // Node would answer 400 without a body; see refusalOf.
      requireHostHeader: false,
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: limits.headersTimeoutMs ?? 15_000,
      connectionsCheckingInterval: limits.timeoutCheckMs ?? 5_000,
    },
    frameworkErrors: (_error, request, reply) => {
      const malformed = new HttpProblem('VALIDATION_FAILED', { detail: 'The URL is malformed.' });
      writeProblem(catalog, malformed, request, reply);
    },
    clientErrorHandler: (error, socket) => answerMalformedRequest(catalog, error, socket),
  });
  acceptJsonOnly(server);
  decorate(server);
  server.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  server.addHook('onRequest', (request, reply, done) => {
    if (!isProbe(request)) balancer.requested();
    beginRequest(request, reply, done);
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    if (request.routeOptions.url === READINESS_ROUTE) balancer.probed(reply.statusCode === 200);
    if (shutdown.closing) {
      reply.header('connection', 'close');
    }
    done(null, payload);
  });
  // An expectation that nobody knows may be ignored (RFC 9110 §10.1.1); Node would answer 417 without a body.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  return server;
}

function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      assertPlainJson(request.headers['content-type'], request.headers['content-encoding']);
      done(null, parseJsonBody(Buffer.isBuffer(body) ? body : Buffer.from(body)));
    } catch (error) {
      done(error instanceof Error ? error : new Error('The body cannot be read'));
    }
  });
}

function decorate(server: FastifyInstance): void {
  server.decorateRequest('correlationId', {
    getter() {
      return this.id;
    },
  });
  server.decorateRequest('traceparent', {
    getter() {
      return this.span === undefined
        ? validTraceparent(this.headers.traceparent)
        : traceparentOf(this.span.spanContext());
    },
  });
  server.decorateRequest('problemCode', undefined);
  server.decorateRequest('caller', undefined);
}

function beginRequest(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
  reply.header('x-correlation-id', request.id);
  reply.headers(securityHeaders);
  const refusal = request.is404 ? undefined : refusalOf(request);
  if (refusal) {
    done(refusal);
    return;
  }
  if (request.method === 'HEAD') {
    // The headers of a stream are those of its snapshot: a stream would never end.
    request.headers.accept = 'application/json';
  }
  requestContext.run({ correlationId: request.id }, done);
}

/** What can be refused by the head of a request alone. A request without a route gets its 404 or 405 first. */
function refusalOf(request: FastifyRequest): HttpProblem | undefined {
  const { raw, headers } = request;
  if (headers.host === undefined && raw.httpVersion === '1.1') {
    return new HttpProblem('VALIDATION_FAILED', { detail: 'The Host header is missing.' });
  }
  if (raw.url?.includes('%00')) {
    return new HttpProblem('VALIDATION_FAILED', { detail: 'The URL holds a NUL character.' });
  }
  const { accept } = headers;
  if (accept === undefined || accept === '*/*' || accept === 'application/json') {
    return undefined;
  }
  return preferred(accept, request.routeOptions.config.produces ?? jsonOffers) === undefined
    ? new HttpProblem('NOT_ACCEPTABLE')
    : undefined;
}
