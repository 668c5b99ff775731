import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { OperationFailed, operationFailed } from '../operation-failed';
import { OPERATIONS, perform } from '../operations.catalog';
import type { OperatorServices } from '../operator-services';
import { messages, PROTOCOL_VERSION, REQUEST_LENGTH_MAX, requestShape, send, type Request } from './operator-protocol';
import { SOCKET_NAME, socketAddress, type SocketAddress } from './socket-address';

const CONNECTIONS_MAX = 32;
const REQUEST_WITHIN_MS = 10_000;
const OWNER_ONLY = 0o177;

/** Told of every use that changes something. */
export type Audit = (operation: string, input: unknown, failure: string | undefined) => void;

/** Serves operators of this machine who may read the data directory. */
export class OperatorServer {
  private readonly stopping = new AbortController();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly address: SocketAddress,
    private readonly services: OperatorServices,
    private readonly audit: Audit,
  ) {}

  /**
   * Listens in a directory that this process holds: so a socket that is there already is nobody's.
   * @returns undefined where the path is too long for the operating system
   */
  static async listen(
    directory: string,
    services: OperatorServices,
    audit: Audit,
  ): Promise<OperatorServer | undefined> {
    const address = socketAddress(directory);
    if (address === undefined) return undefined;
    rmSync(join(directory, SOCKET_NAME), { force: true });
    const server = createServer();
    server.maxConnections = CONNECTIONS_MAX;
    const operators = new OperatorServer(server, address, services, audit);
    server.on('connection', (socket) => void operators.serve(socket));
    // The file is made within this call, and must never be there for others, not even for a moment.
    const before = process.umask(OWNER_ONLY);
    try {
      server.listen(address.path);
    } finally {
      process.umask(before);
    }
    await once(server, 'listening');
    return operators;
  }

  /** Ends what is under way and takes the socket away. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.stopping.abort();
    for (const socket of this.sockets) socket.destroySoon();
    await closed;
    this.address.release();
  }

  private async serve(socket: Socket): Promise<void> {
    this.sockets.add(socket);
    const gone = new AbortController();
    socket.on('error', () => gone.abort());
    socket.once('close', () => {
      gone.abort();
      this.sockets.delete(socket);
    });
    try {
      await this.answer(socket, AbortSignal.any([gone.signal, this.stopping.signal]));
      await send(socket, { end: true });
    } catch (error) {
      const { code, message } = operationFailed(error);
      await send(socket, { error: { code, message } }).catch(() => undefined);
    } finally {
      socket.destroySoon();
    }
  }

  private async answer(socket: Socket, signal: AbortSignal): Promise<void> {
    const { operation, input } = await requestOf(socket);
    let failure: string | undefined;
    try {
      for await (const output of perform(operation, this.services, input, signal)) {
        if (signal.aborted) break;
        await send(socket, { output });
      }
      if (this.stopping.signal.aborted) throw new OperationFailed('UNAVAILABLE', 'the process is stopping');
    } catch (error) {
      failure = operationFailed(error).message;
      throw error;
    } finally {
      if (OPERATIONS.get(operation)?.changes === true) this.audit(operation, input, failure);
    }
  }
}

/** The one request of a connection. What a client sends after it is dropped. */
async function requestOf(socket: Socket): Promise<Request> {
  const patience = setTimeout(() => socket.destroy(), REQUEST_WITHIN_MS);
  const incoming = messages(socket, REQUEST_LENGTH_MAX);
  try {
    const { value, done } = await incoming.next();
    if (done === true) throw new OperationFailed('BAD_INPUT', 'no request has come');
    const request = requestShape.safeParse(value);
    if (!request.success) throw new OperationFailed('BAD_INPUT', 'this is no request');
    if (request.data.version !== PROTOCOL_VERSION) {
      const versions = `${PROTOCOL_VERSION}, the command line version ${request.data.version}`;
      throw new OperationFailed('VERSION', `the process speaks version ${versions}: use the one of the process`);
    }
    return request.data;
  } finally {
    clearTimeout(patience);
    await incoming.return(undefined);
    // Read on, or the end of the connection would not be seen.
    socket.resume();
  }
}
