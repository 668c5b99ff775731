import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem } from './http-problem';
import type { ProblemCatalog } from './problem-catalog';
import type { RouteMethods } from './route-methods';

/** Turns every error below a route, and every request without one, into problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Problem');

  constructor(
    private readonly catalog: ProblemCatalog,
    private readonly routes: RouteMethods,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent || reply.raw.headersSent) {
      this.#logger.error(error);
      reply.raw.destroy();
      return;
    }
    if (!request.is404) {
      this.#answer(error, request, reply);
      return;
    }
    const allowed = this.routes.allowed(pathOf(request));
    if (allowed.length === 0) {
      this.#answer(error, request, reply);
    } else if (request.method === 'OPTIONS') {
      void reply.code(204).header('allow', allowed.join(', ')).send();
    } else {
      const headers = { allow: allowed.join(', ') };
      this.#answer(new HttpProblem('METHOD_NOT_ALLOWED', { headers }), request, reply);
    }
  }

  #answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (writeProblem(this.catalog, error, request, reply)) {
      this.#logger.error(error);
    }
  }
}

/** @returns whether the error was unexpected and must be logged */
export function writeProblem(
  catalog: ProblemCatalog,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const { body, headers, unexpected } = catalog.problemOf(abortedOr(error, request), request.id, pathOf(request));
  request.problemCode = body.code;
  void reply
    .code(body.status)
    .headers(headers)
    .header('x-correlation-id', request.id)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(body));
  return unexpected;
}

/** Path of a request, without the query. */
export function pathOf(request: FastifyRequest): string {
  const url = request.raw.url ?? '/';
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*/i, '') || '/';
}

/** A client that went away in the middle of its body is no failure of ours. */
function abortedOr(error: unknown, request: FastifyRequest): unknown {
  return request.raw.errored && error === request.raw.errored ? new HttpProblem('VALIDATION_FAILED') : error;
}
