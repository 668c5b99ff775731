import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Algorithm } from '../token-algorithms';
import { TokenForge } from './token-forge';

/** An OIDC issuer on a port of its own, which counts what it is asked for, and can be slow, away or at odds with itself. */
export class StubIssuer {
  /** Times that its keys were asked for. */
  fetches = 0;
  /** Keys that it answers with. */
  forges: TokenForge[] = [];
  /** What `issuer` of its metadata is; default: its URL. */
  namedIssuer: string | undefined;
  /** Holds answers back until {@link release}. */
  isSlow = false;
  /** Answers with something else than its documents; `false` where it does not. */
  misbehave: ((response: ServerResponse, path: string) => boolean) | undefined;
  private readonly held: (() => void)[] = [];
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<StubIssuer> {
    const issuer = new StubIssuer();
    await issuer.listen();
    issuer.forges = [issuer.newForge('first')];
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get metadata(): object {
    return { issuer: this.namedIssuer ?? this.url, jwks_uri: `${this.url}/keys` };
  }

  /** The key that it signs with now. */
  get forge(): TokenForge {
    const [forge] = this.forges;
    if (forge === undefined) throw new Error('the issuer has no key');
    return forge;
  }

  /** @returns one whose tokens name this issuer; its key is known when it is put into {@link forges} */
  newForge(keyId: string, algorithm: Algorithm = 'ES256'): TokenForge {
    return new TokenForge(algorithm, keyId, this.namedIssuer ?? this.url, 'kafka-cqrs-platform');
  }

  /** Signs with another key from now on. */
  rotate(keyId: string): TokenForge {
    const forge = this.newForge(keyId);
    this.forges = [forge];
    return forge;
  }

  /** Comes back, or up, on the same port. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => this.answer(request.url ?? '', response));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address: AddressInfo | string | null = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
  }

  /** Goes away: connections to it are refused. */
  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    this.release();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  release(): void {
    this.isSlow = false;
    for (const answer of this.held.splice(0)) answer();
  }

  private answer(path: string, response: ServerResponse): void {
    const isKeys = path === '/keys';
    if (isKeys) this.fetches++;
    const send = (): void => {
      if (this.misbehave?.(response, path) === true) return;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isKeys ? { keys: this.forges.map(({ jwk }) => jwk) } : this.metadata));
    };
    if (this.isSlow) this.held.push(send);
    else send();
  }
}
