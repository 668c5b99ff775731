import type { Socket } from 'node:net';
import { z } from 'zod';
import { FAILURE_CODES, OperationFailed } from '../operation-failed';

/**
 * The operator socket speaks lines of JSON. A client sends one request per connection; the process answers any number of outputs, then
 * `end` or `error`. A client that has seen enough closes the connection.
 */
export const PROTOCOL_VERSION = 1;

/** Of one line, in UTF-16 units. */
export const REQUEST_LENGTH_MAX = 64 * 1024;
/** A batch of records is one line: of a thousand, or of what Kafka hands over at once. */
export const ANSWER_LENGTH_MAX = 256 * 1024 * 1024;

export const requestShape = z.object({
  version: z.number(),
  operation: z.string(),
  input: z.unknown(),
});

export const answerShape = z.union([
  z.object({ output: z.unknown() }),
  z.object({ end: z.literal(true) }),
  z.object({ error: z.object({ code: z.enum(FAILURE_CODES), message: z.string() }) }),
]);

export type Request = z.output<typeof requestShape>;
export type Answer = z.output<typeof answerShape>;

/** Writes one line; resolves when the other side keeps up, or rejects when it is gone. */
export async function send(socket: Socket, message: Request | Answer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * The lines that arrive. The socket outlives the reading.
 * @throws OperationFailed when one is longer than `lengthMax` or is no JSON
 */
export async function* messages(socket: Socket, lengthMax: number): AsyncGenerator<unknown> {
  socket.setEncoding('utf8');
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    let text = String(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      parts.push(text.slice(0, end));
      yield parsed(parts.join(''));
      parts = [];
      length = 0;
      text = text.slice(end + 1);
    }
    parts.push(text);
    length += text.length;
    if (length > lengthMax) throw new OperationFailed('BAD_INPUT', `a message is longer than ${lengthMax}`);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw new OperationFailed('BAD_INPUT', 'a message is no JSON');
  }
}
