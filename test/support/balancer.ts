import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pause } from '../../scripts/process/wait.ts';

const probeEveryMs = 200;
const probeTimeoutMs = 1_000;
/** So many probes in a row must fail before nothing is sent there any more. */
const fall = 2;
/** Headers that are about one connection alone. */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding'];

interface Backend {
  readonly url: URL;
  readonly agent: Agent;
  failedProbes: number;
}

/**
 * A load balancer as HAProxy or nginx is by default: keeps connections to its backends, asks them for their readiness, and tries the other
 * backend only when a connection was refused, that is when nothing was sent. Every other failure is the client's to see, and noted.
 */
export class Balancer {
  /** What clients were failed by. */
  readonly failures: string[] = [];
  /** Requests that each backend has answered. */
  readonly answered: number[];
  readonly #backends: readonly Backend[];
  readonly #server: Server;
  readonly #probes: Promise<void>[];
  #turn = 0;
  #closing = false;

  private constructor(urls: readonly string[]) {
    this.#backends = urls.map((url) => ({ url: new URL(url), agent: new Agent({ keepAlive: true }), failedProbes: 0 }));
    this.answered = urls.map(() => 0);
    this.#server = createServer((incoming, outgoing) => void this.#forward(incoming, outgoing));
    this.#probes = this.#backends.map((backend) => this.#watch(backend));
  }

  static async start(urls: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(urls);
    await once(balancer.#server.listen(0, '127.0.0.1'), 'listening');
    return balancer;
  }

  get url(): string {
    const address: AddressInfo | string | null = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** Whether requests may be sent there. */
  isUp(index: number): boolean {
    const backend = this.#backends[index];
    return backend !== undefined && backend.failedProbes === 0;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#server.close();
    this.#server.closeAllConnections();
    for (const { agent } of this.#backends) agent.destroy();
    await Promise.all(this.#probes);
  }

  async #watch(backend: Backend): Promise<void> {
    while (!this.#closing) {
      const isReady = await fetch(new URL('/health/ready', backend.url), {
        signal: AbortSignal.timeout(probeTimeoutMs),
      })
        .then(async (answer) => {
          await answer.arrayBuffer();
          return answer.status === 200;
        })
        .catch(() => false);
      backend.failedProbes = isReady ? 0 : backend.failedProbes + 1;
      await pause(probeEveryMs);
    }
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    await once(incoming, 'end');
    const up = this.#backends.filter(({ failedProbes }) => failedProbes < fall);
    this.#turn++;
    for (const index of up.keys()) {
      const backend = up[(this.#turn + index) % up.length];
      if (backend === undefined) break;
      const failure = await this.#try(backend, incoming, Buffer.concat(parts), outgoing);
      if (failure === undefined) return;
      if (failure !== 'ECONNREFUSED') {
        this.#fail(outgoing, 502, `${incoming.method} ${incoming.url}: ${failure}`);
        return;
      }
    }
    this.#fail(outgoing, 503, `${incoming.method} ${incoming.url}: no backend`);
  }

  /** @returns what went wrong, before any of the answer was passed on */
  #try(
    backend: Backend,
    incoming: IncomingMessage,
    body: Buffer,
    outgoing: ServerResponse,
  ): Promise<string | undefined> {
    return new Promise((resolve) => {
      const { method, url: path, headers } = incoming;
      const sent = request({
        ...urlParts(backend.url),
        agent: backend.agent,
        method,
        path,
        headers: endToEnd(headers),
      });
      outgoing.once('close', () => sent.destroy());
      sent.once('error', (error: NodeJS.ErrnoException) => {
        resolve(`${error.code ?? error.message}${sent.reusedSocket ? ' on a kept connection' : ''}`);
      });
      sent.once('response', (answer) => {
        resolve(undefined);
        const index = this.#backends.indexOf(backend);
        this.answered[index] = (this.answered[index] ?? 0) + 1;
        const status = answer.statusCode ?? 0;
        if (status >= 500) this.failures.push(`${method} ${path}: ${status}`);
        outgoing.writeHead(status, endToEnd(answer.headers));
        answer.pipe(outgoing);
        answer.once('error', () => {
          if (!this.#closing && !outgoing.destroyed) this.failures.push(`${method} ${path}: the answer was cut`);
          outgoing.destroy();
        });
      });
      sent.end(body);
    });
  }

  #fail(outgoing: ServerResponse, status: number, reason: string): void {
    if (outgoing.destroyed) return;
    this.failures.push(reason);
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  }
}

function urlParts({ hostname, port }: URL): { hostname: string; port: string } {
  return { hostname, port };
}

function endToEnd(headers: IncomingMessage['headers']): Record<string, string | string[] | undefined> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}
