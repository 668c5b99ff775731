import { type Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { HostileRequest } from './hostile-requests.ts';

const answerWithinMs = 40_000;

/** An answer, as far as it matters; of a stream only the head. */
export interface HostileAnswer {
  readonly status: number;
  readonly type: string;
  readonly correlationId: string;
  readonly body: string;
}

/** @returns undefined when there was no answer */
export function send(
  url: string,
  agent: Agent,
  { method, path, headers, body }: HostileRequest,
): Promise<HostileAnswer | undefined> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const length = body === undefined ? {} : { 'content-length': body.length };
    const outgoing = request({
      hostname,
      port,
      agent,
      method,
      path,
      headers: { ...headers, ...length },
      timeout: answerWithinMs,
    });
    outgoing.once('error', () => resolve(undefined));
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('response', (answer) => {
      const type = answer.headers['content-type'] ?? '';
      const correlationId = String(answer.headers['x-correlation-id']);
      const parts: Buffer[] = [];
      const done = (): void => {
        resolve({ status: answer.statusCode ?? 0, type, correlationId, body: Buffer.concat(parts).toString() });
      };
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.once('end', done);
      answer.once('error', done);
      if (!type.startsWith('text/event-stream')) return;
      // It has no end.
      done();
      outgoing.destroy();
    });
    outgoing.end(body);
  });
}

/** All that the server sends until it closes, or waits for more of us. */
export function exchange(url: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(bytes));
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.setTimeout(answerWithinMs, () => socket.destroy());
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(text));
  });
}
