import { context, trace, type Span } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';
import { pathOf } from '../http/problem.filter';
import type { Logs } from './logger';
import type { MetricsService } from './metrics.service';
import type { Traces } from './traces';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of this request, when an OpenTelemetry SDK is registered; what the request causes is traced under it. */
    span: Span | undefined;
  }
}

/** Probes ask often and tell nothing. */
const untold = /^\/(health\/|metrics$)/;
const statusClasses = ['', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** Logs, measures and traces every answer, without the query, headers or bodies. */
export function observeRequests(server: FastifyInstance, logs: Logs, metrics: MetricsService, traces: Traces): void {
  const duration = metrics.histogram('http_request_duration_seconds', 'Time from request to answer', [
    'method',
    'route',
    'status',
  ]);
  const problems = metrics.counter('http_problems_total', 'Requests answered with a problem', ['code']);
  if (traces.areOn) traceRequests(server, traces);
  server.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const ms = reply.elapsedTime;
    const route = request.routeOptions.url ?? 'none';
    const status = statusClasses[Math.floor(reply.statusCode / 100)] ?? '';
    duration.observe({ method, route, status }, ms / 1000);
    if (request.problemCode !== undefined) problems.inc({ code: request.problemCode });
    const path = pathOf(request);
    if (logs.request && !untold.test(path)) {
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

function traceRequests(server: FastifyInstance, traces: Traces): void {
  server.decorateRequest('span', undefined);
  server.addHook('onRequest', (request, _reply, done) => {
    const path = pathOf(request);
    const span = untold.test(path) ? undefined : traces.beginRequest(request.method, path, request.traceparent);
    if (span === undefined) {
      done();
      return;
    }
    request.span = span;
    context.with(trace.setSpan(context.active(), span), done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { method, span, problemCode } = request;
    const route = request.routeOptions.url;
    if (span !== undefined) {
      traces.endRequest(span, route === undefined ? method : `${method} ${route}`, reply.statusCode, {
        ...(route === undefined ? {} : { 'http.route': route }),
        ...(problemCode === undefined ? {} : { 'cqrs.problem': problemCode }),
        'cqrs.correlation_id': request.id,
      });
    }
    done();
  });
}
