import type { FastifyInstance } from 'fastify';
import { pathOf } from '../http/problem.filter';
import type { Logs } from './logger';
import type { MetricsService } from './metrics.service';

/** Probes ask often and tell nothing. */
const unlogged = /^\/(health\/|metrics$)/;
const statusClasses = ['', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** Logs and measures every answer, without the query, headers or bodies. */
export function observeRequests(server: FastifyInstance, logs: Logs, metrics: MetricsService): void {
  const duration = metrics.histogram('http_request_duration_seconds', 'Time from request to answer', [
    'method',
    'route',
    'status',
  ]);
  const problems = metrics.counter('http_problems_total', 'Requests answered with a problem', ['code']);
  server.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const ms = reply.elapsedTime;
    const route = request.routeOptions.url ?? 'none';
    const status = statusClasses[Math.floor(reply.statusCode / 100)] ?? '';
    duration.observe({ method, route, status }, ms / 1000);
    if (request.problemCode !== undefined) problems.inc({ code: request.problemCode });
    const path = pathOf(request);
    if (logs.request && !unlogged.test(path)) {
      logs.request({
        method,
        path,
        status: reply.statusCode,
        ms,
        correlationId: request.id,
        code: request.problemCode,
        aborted: !reply.raw.writableFinished,
      });
    }
    done();
  });
}
