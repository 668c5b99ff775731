import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HttpProblem } from './http-problem';
import type { ProblemCode } from './problem-codes';
import type { ProblemCatalog } from './problem-catalog';

const codes: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BODY_TOO_LARGE',
};

/** Answers what Node's parser could not read as HTTP, or what did not come in time, and closes the connection. */
export function answerMalformedRequest(
  catalog: ProblemCatalog,
  error: Error & { code?: string },
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || answerBegun(socket)) {
    socket.destroy();
    return;
  }
  const code = codes[error.code ?? ''] ?? 'VALIDATION_FAILED';
  const problem = new HttpProblem(
    code,
    code === 'VALIDATION_FAILED' ? { detail: 'The request is not valid HTTP.' } : {},
  );
  const { body } = catalog.problemOf(problem, randomUUID(), '/');
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status] ?? ''}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Correlation-Id: ${body.correlationId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroySoon());
}

/** Node keeps the response in work on the socket; writing beside it would mix two answers. */
function answerBegun(socket: Socket): boolean {
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return typeof response === 'object' && response !== null && Reflect.get(response, 'headersSent') === true;
}
