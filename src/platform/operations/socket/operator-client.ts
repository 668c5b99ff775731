import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { z } from 'zod';
import type { Operation, Operator } from '../operation';
import { OperationFailed } from '../operation-failed';
import { ANSWER_LENGTH_MAX, answerShape, messages, PROTOCOL_VERSION, send } from './operator-protocol';
import { socketAddress } from './socket-address';

/** The running process on a data directory, reached through its socket. */
export class OperatorClient implements Operator {
  readonly place = 'process';

  private constructor(private readonly directory: string) {}

  /** @returns undefined when nobody listens there */
  static async connect(directory: string): Promise<OperatorClient | undefined> {
    const socket = await connected(directory);
    socket?.destroy();
    return socket === undefined ? undefined : new OperatorClient(directory);
  }

  async *call<Input extends z.ZodType, Output extends z.ZodType>(
    { name, output }: Operation<Input, Output>,
    input: z.input<Input>,
    signal?: AbortSignal,
  ): AsyncGenerator<z.output<Output>> {
    const socket = await connected(this.directory);
    if (socket === undefined) throw gone();
    const leave = (): void => void socket.destroy();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await send(socket, { version: PROTOCOL_VERSION, operation: name, input });
      for await (const message of messages(socket, ANSWER_LENGTH_MAX)) {
        const answer = answerShape.parse(message);
        if ('end' in answer) return;
        if ('error' in answer) throw new OperationFailed(answer.error.code, answer.error.message);
        yield output.parse(answer.output);
      }
      throw gone();
    } catch (error) {
      if (signal?.aborted === true) return;
      throw isLost(error) ? gone(error) : error;
    } finally {
      signal?.removeEventListener('abort', leave);
      socket.destroy();
    }
  }

  async close(): Promise<void> {}
}

async function connected(directory: string): Promise<Socket | undefined> {
  try {
    const address = socketAddress(directory);
    if (address === undefined) return undefined;
    const socket = createConnection(address.path);
    try {
      await once(socket, 'connect');
    } finally {
      address.release();
    }
    return socket;
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(codeOf(error))) return undefined;
    throw new OperationFailed('UNAVAILABLE', `the socket in ${directory} cannot be used: ${codeOf(error)}`);
  }
}

function gone(cause?: unknown): OperationFailed {
  return new OperationFailed('UNAVAILABLE', 'the process has gone away', { cause });
}

function isLost(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
