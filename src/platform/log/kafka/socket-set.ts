import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

const KEEP_ALIVE_MS = 60_000;

/**
 * The sockets of one set of kafkajs objects. Once discarded they are gone and no new one is opened: kafkajs objects that were
 * given up may still run a retry loop, whose late requests would fence their successor.
 */
export class SocketSet {
  private readonly sockets = new Set<Socket>();
  private discarded: Error | undefined;

  /** kafkajs' `socketFactory`. */
  readonly open = (target: {
    host: string;
    port: number;
    ssl: ConnectionOptions | null;
    onConnect: () => void;
  }): Socket => {
    if (this.discarded !== undefined) throw this.discarded;
    const { host, port, ssl, onConnect } = target;
    const socket =
      ssl === null
        ? connectPlain({ host, port }, onConnect)
        : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  };

  /** Ends every socket with an error, at which kafkajs rejects what waits and clears its timers. */
  discard(reason: Error): void {
    if (this.discarded !== undefined) return;
    this.discarded = reason;
    for (const socket of this.sockets) {
      // kafkajs lets go of the socket once for each request that waits, and every time leaves a listener on it: no leak, they go with it.
      socket.setMaxListeners(0);
      socket.destroy(reason);
    }
  }
}
