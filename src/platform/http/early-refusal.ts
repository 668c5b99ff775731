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
  const refusal = new Refusal(catalog);
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (admission.isFull('write') && isPlainWrite(request)) {
      admission.refuse();
      refusal.answer(request, response);
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

/** The answer as the catalog would make it, with all but two of its words written once. */
class Refusal {
  private readonly status: number;
  private readonly headers: readonly string[];
  /** Text before, between and after path and correlation id. */
  private readonly text: readonly [string, string, string];

  constructor(catalog: ProblemCatalog) {
    const [path, correlationId] = ['/the-path', 'the-correlation-id'];
    const { body, headers } = catalog.problemOf(overloaded, correlationId, path);
    const [before = '', rest = ''] = JSON.stringify(body).split(JSON.stringify(path));
    const [between = '', after = ''] = rest.split(JSON.stringify(correlationId));
    this.status = body.status;
    this.text = [before, between, after];
    this.headers = [
      ...Object.entries(headers).flat(),
      'content-type',
      'application/problem+json; charset=utf-8',
      'x-content-type-options',
      'nosniff',
    ];
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const correlationId = randomUUID();
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const [before, between, after] = this.text;
    const text = `${before}${JSON.stringify(path)}${between}"${correlationId}"${after}`;
    const headers = [
      ...this.headers,
      'content-length',
      `${Buffer.byteLength(text)}`,
      'x-correlation-id',
      correlationId,
    ];
    if (mustClose(request)) headers.push('connection', 'close');
    response.writeHead(this.status, headers).end(text);
  }
}
