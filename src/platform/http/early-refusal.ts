import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Admission } from './admission';
import { HttpProblem } from './http-problem';
import type { ProblemCatalog } from './problem-catalog';

/** A refused body up to here is read and thrown away, which costs less than the client's next connection. */
const DRAINED_BYTES_MAX = 100 * 1024;

export const overloaded = new HttpProblem('OVERLOADED');

/**
 * Refuses writes before Fastify sees them, while there are as many as may be: a refusal must cost a fraction of the work that it saves,
 * or refusing alone is too much work. It leaves no line in the log; `/metrics` counts it.
 *
 * Requests of browsers go the long way, because they cannot read an answer without the headers of CORS.
 */
export function refuseEarly(server: Server, catalog: ProblemCatalog, admission: Admission): void {
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (admission.isFull('write') && isPlainWrite(request)) {
      admission.refuse();
      refuse(catalog, request, response);
      return;
    }
    for (const listener of listeners) Reflect.apply(listener, server, [request, response]);
  });
  // Who asks before it sends a body is told before it has sent it.
  server.on('checkContinue', (request, response) => {
    if (!admission.isFull('write')) response.writeContinue();
    server.emit('request', request, response);
  });
}

/** Whether the connection of a refused request must end, because too much would have to be read before the next one. */
export function mustClose({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > DRAINED_BYTES_MAX;
}

function isPlainWrite({ method, headers }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS' && headers.origin === undefined;
}

function refuse(catalog: ProblemCatalog, request: IncomingMessage, response: ServerResponse): void {
  const correlationId = randomUUID();
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const { body, headers } = catalog.problemOf(overloaded, correlationId, path);
  const text = JSON.stringify(body);
  response
    .writeHead(body.status, {
      ...headers,
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'x-correlation-id': correlationId,
      'x-content-type-options': 'nosniff',
      ...(mustClose(request) && { connection: 'close' }),
    })
    .end(text);
}
