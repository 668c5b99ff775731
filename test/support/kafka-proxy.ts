import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Kafka's numbers of the requests that faults aim at. */
export const kafkaRequests = {
  produce: 0,
  fetch: 1,
  heartbeat: 12,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const;

export type KafkaRequestName = keyof typeof kafkaRequests;

/**
 * What happens to one request:
 * - `drop answer`: the broker does it, the client hears nothing
 * - `drop answer and reset`: the broker does it, then the client's connection breaks
 * - `reset before`: the connection breaks, the broker never sees it
 * - `drop request`: nothing happens at all
 * - `deliver late`: the connection breaks, the broker does it `ms` later
 * - `answer late`: the answer takes `ms` longer
 */
export type FaultKind =
  'drop answer' | 'drop answer and reset' | 'reset before' | 'drop request' | 'deliver late' | 'answer late';

export interface Fault {
  readonly request: KafkaRequestName;
  readonly kind: FaultKind;
  readonly ms: number;
}

interface Armed extends Fault {
  readonly fired: () => void;
}

interface PendingRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly fault: Armed | undefined;
}

const METADATA = 3;
const FRAME_LENGTH_BYTES = 4;

/**
 * Stands between a Kafka client and its brokers, knows requests by their kind and spoils those it is told to. It writes itself into
 * Metadata answers (versions 0 to 8), so that clients stay behind it with any broker.
 */
export class KafkaProxy {
  private readonly listeners = new Map<string, { readonly server: Server; readonly port: number }>();
  private readonly connections = new Set<Socket>();
  private armed: Armed[] = [];
  private blackholeUntil = 0;

  private constructor(private readonly upstream: string) {}

  /** @param upstream `host:port` of a broker */
  static async start(upstream: string): Promise<KafkaProxy> {
    const proxy = new KafkaProxy(upstream);
    await proxy.listenFor(upstream);
    return proxy;
  }

  /** Where clients connect. */
  get address(): string {
    return `127.0.0.1:${this.listeners.get(this.upstream)?.port}`;
  }

  /** Spoils the next request of that kind; resolves when it was met. */
  inject(fault: Fault): Promise<void> {
    return new Promise((resolve) => this.armed.push({ ...fault, fired: resolve }));
  }

  /** Forgets what was injected and not met. */
  disarm(): void {
    this.armed = [];
  }

  /** Breaks every connection. */
  cutAll(): void {
    for (const socket of this.connections) socket.resetAndDestroy();
  }

  /** Lets nothing through, in no direction, and tells nobody. */
  blackhole(ms: number): void {
    this.blackholeUntil = Date.now() + ms;
  }

  async close(): Promise<void> {
    this.cutAll();
    for (const { server } of this.listeners.values()) await new Promise((resolve) => server.close(resolve));
  }

  private async listenFor(broker: string): Promise<number> {
    const known = this.listeners.get(broker);
    if (known !== undefined) return known.port;
    const server = createServer((client) => this.serve(client, broker));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    this.listeners.set(broker, { server, port });
    return port;
  }

  private serve(client: Socket, broker: string): void {
    const [host = '', port = ''] = broker.split(':');
    const server = connect({ host, port: Number(port) });
    const awaited = new Map<number, PendingRequest>();
    let linger = 0;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.connections.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.connections.delete(socket));
    }
    client.on('close', () => setTimeout(() => server.destroy(), linger));
    server.on('close', () => client.resetAndDestroy());

    onFrames(client, (frame) => {
      if (Date.now() < this.blackholeUntil) return;
      const apiKey = frame.readInt16BE(4);
      const fault = this.take(apiKey);
      awaited.set(frame.readInt32BE(8), { apiKey, apiVersion: frame.readInt16BE(6), fault });
      if (fault?.kind === 'drop request') return;
      if (fault?.kind === 'deliver late') {
        linger = fault.ms + 1_000;
        setTimeout(() => server.write(frame), fault.ms);
      }
      if (fault?.kind === 'deliver late' || fault?.kind === 'reset before') client.resetAndDestroy();
      else server.write(frame);
    });

    let sending: Promise<void> = Promise.resolve();
    onFrames(server, (frame) => {
      if (Date.now() < this.blackholeUntil) return;
      const request = awaited.get(frame.readInt32BE(4));
      awaited.delete(frame.readInt32BE(4));
      const kind = request?.fault?.kind;
      if (kind === 'drop answer') return;
      if (kind === 'drop answer and reset') {
        client.resetAndDestroy();
        return;
      }
      if (kind === 'answer late') {
        setTimeout(() => client.write(frame), request?.fault?.ms);
        return;
      }
      const isMetadata = request?.apiKey === METADATA;
      sending = sending.then(async () => {
        client.write(isMetadata ? await this.rewritten(frame, request.apiVersion) : frame);
      });
    });
  }

  private take(apiKey: number): Armed | undefined {
    const at = this.armed.findIndex(({ request }) => kafkaRequests[request] === apiKey);
    if (at < 0) return undefined;
    const [fault] = this.armed.splice(at, 1);
    fault?.fired();
    return fault;
  }

  /** Puts this proxy's addresses in the place of the brokers'. */
  private async rewritten(frame: Buffer, version: number): Promise<Buffer> {
    let at = FRAME_LENGTH_BYTES + 4 + (version >= 3 ? 4 : 0);
    const parts: Buffer[] = [frame.subarray(FRAME_LENGTH_BYTES, at + 4)];
    const count = frame.readInt32BE(at);
    at += 4;
    for (let broker = 0; broker < count; broker++) {
      const hostLength = frame.readInt16BE(at + 4);
      const host = frame.toString('utf8', at + 6, at + 6 + hostLength);
      const port = frame.readInt32BE(at + 6 + hostLength);
      const own = await this.listenFor(`${host}:${port}`);
      const address = Buffer.alloc(2 + 9 + 4);
      address.writeInt16BE(9, 0);
      address.write('127.0.0.1', 2);
      address.writeInt32BE(own, 11);
      parts.push(frame.subarray(at, at + 4), address);
      at += 6 + hostLength + 4;
      if (version >= 1) {
        const rackLength = Math.max(frame.readInt16BE(at), 0);
        parts.push(frame.subarray(at, at + 2 + rackLength));
        at += 2 + rackLength;
      }
    }
    parts.push(frame.subarray(at));
    const body = Buffer.concat(parts);
    const length = Buffer.alloc(FRAME_LENGTH_BYTES);
    length.writeInt32BE(body.length);
    return Buffer.concat([length, body]);
  }
}

/** Calls back with each whole frame, its length included. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= FRAME_LENGTH_BYTES) {
      const end = FRAME_LENGTH_BYTES + rest.readInt32BE(0);
      if (rest.length < end) return;
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}
