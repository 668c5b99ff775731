import type { ServerResponse } from 'node:http';
import { eventually } from '../../../test/support/eventually';
import { IssuerUnavailable } from './issuer-keys.port';
import { OidcIssuer, type OidcIssuerTimes } from './oidc-issuer';
import { StubIssuer } from './testing/stub-issuer';
import { InvalidToken } from './token-rules';
import { TokenVerifier } from './token-verifier';

const unknownKeys = 10_000;
const failures: string[] = [];
let stub: StubIssuer;
let issuer: OidcIssuer;
let verifier: TokenVerifier;
let clock: { ms: number };

const follow = (times: Partial<OidcIssuerTimes> = {}): void => {
  clock = { ms: 0 };
  failures.length = 0;
  const { now = () => clock.ms } = times;
  issuer = new OidcIssuer(stub.url, ({ message }) => void failures.push(message), { now, retryMs: 20, ...times });
  verifier = new TokenVerifier(issuer, 'kafka-cqrs-platform');
  issuer.start();
};
const metadataBy = (answer: (response: ServerResponse) => unknown): void => {
  stub.misbehave = (response, path) => {
    if (!path.startsWith('/.well-known/')) return false;
    answer(response);
    return true;
  };
};
const padded = (document: object): string => JSON.stringify(document).padEnd(600_000);
const alice = { identity: 'alice' };

describe('The keys of an issuer (A6)', () => {
  beforeEach(async () => {
    stub = await StubIssuer.start();
  });
  afterEach(async () => {
    issuer.close();
    await stub.stop();
  });

  it('are fetched once, however many tokens come', async () => {
    follow();
    for (let count = 0; count < 10; count++) {
      await expect(verifier.verify(stub.forge.token({ jti: count }))).resolves.toMatchObject(alice);
    }
    expect(stub.fetches).toBe(1);
  });

  it(`are fetched once per cool-down for ${unknownKeys} key ids that nobody knows, while known ones serve`, async () => {
    follow({ coolDownMs: 30_000 });
    const { forge } = stub;
    await verifier.verify(forge.token());
    for (let wave = 0; wave < unknownKeys; wave += unknownKeys / 10) {
      const found = await Promise.all(
        // The key is looked for before the signature is looked at: there need be none.
        Array.from({ length: unknownKeys / 10 }, (_none, at) =>
          issuer.find({ algorithm: 'ES256', keyId: `unknown-${wave + at}` }),
        ),
      );
      expect(found.every((key) => key === undefined)).toBe(true);
    }

    expect(stub.fetches).toBe(2);
    await expect(verifier.verify(forge.token({ jti: 'more' }))).resolves.toMatchObject(alice);

    clock.ms = 30_001;
    await expect(verifier.verify(forge.token({}, { kid: 'unknown' }))).rejects.toThrow(InvalidToken);
    await expect(verifier.verify(forge.token({}, { kid: 'unknown' }))).rejects.toThrow(InvalidToken);
    expect(stub.fetches).toBe(3);
  });

  it('are fetched when a token names a new one, so that rotation turns nobody away', async () => {
    follow();
    const old = stub.forge;
    await verifier.verify(old.token());
    const renewed = stub.newForge('second');
    stub.forges = [renewed, old];

    await expect(verifier.verify(renewed.token())).resolves.toMatchObject(alice);
    await expect(verifier.verify(old.token({ jti: 'again' }))).resolves.toMatchObject(alice);
    expect(stub.fetches).toBe(2);
  });

  it('are looked at from time to time, so that one that the issuer takes back is believed no longer', async () => {
    follow({ refreshMs: 20 });
    const token = stub.forge.token();
    await verifier.verify(token);
    stub.rotate('second');

    await eventually(() => expect(verifier.verify(token)).rejects.toThrow(InvalidToken));
  });

  it('serve on while the issuer is slow', async () => {
    follow();
    const { forge } = stub;
    await verifier.verify(forge.token());
    stub.isSlow = true;
    const unknown = verifier.verify(forge.token({}, { kid: 'unknown' }));

    await expect(verifier.verify(forge.token({ jti: 'other' }))).resolves.toMatchObject(alice);
    stub.release();
    await expect(unknown).rejects.toThrow(InvalidToken);
  });

  it('serve on while the issuer is away, and it is told', async () => {
    follow({ refreshMs: 20 });
    const { forge } = stub;
    await verifier.verify(forge.token());
    await stub.stop();

    await eventually(() => expect(issuer.check()).toHaveProperty('lastFetchFailed'));
    await expect(verifier.verify(forge.token({ jti: 'other' }))).resolves.toMatchObject(alice);
    await expect(verifier.verify(forge.token({}, { kid: 'unknown' }))).rejects.toThrow(InvalidToken);
    expect(failures).not.toEqual([]);
    expect(failures).toEqual([...new Set(failures)]);

    await stub.listen();
    await eventually(() => expect(issuer.check()).not.toHaveProperty('lastFetchFailed'));
  });

  it('are waited for when the issuer is away at the start: no token is judged, and none is refused', async () => {
    await stub.stop();
    const { forge } = stub;
    follow();
    await expect(verifier.verify(forge.token())).rejects.toThrow(IssuerUnavailable);
    expect(() => issuer.check()).toThrow('has not been reached');

    await stub.listen();
    await eventually(() => expect(verifier.verify(forge.token())).resolves.toMatchObject(alice));
    expect(issuer.check()).toEqual({ keys: 1 });
  });

  it('come within a time, or not', async () => {
    stub.isSlow = true;
    follow({ timeoutMs: 50 });

    await expect(verifier.verify(stub.forge.token())).rejects.toThrow(IssuerUnavailable);
  });

  it("are those of an issuer whose name ends in a slash, as Auth0's does", async () => {
    stub.namedIssuer = `${stub.url}/`;
    const renewed = stub.rotate('slash');
    follow();

    await expect(verifier.verify(renewed.token())).resolves.toMatchObject(alice);
    await expect(verifier.verify(renewed.token({ iss: stub.url }))).rejects.toThrow(InvalidToken);
  });

  it.each<[string, () => void]>([
    ['metadata of another issuer', () => (stub.namedIssuer = 'https://evil.example.com')],
    ['a redirect', () => metadataBy((response) => response.writeHead(302, { location: '/elsewhere' }).end())],
    ['an error', () => metadataBy((response) => response.writeHead(500).end(JSON.stringify(stub.metadata)))],
    ['no JSON', () => metadataBy((response) => response.end('<html>'))],
    ['more than anybody needs', () => metadataBy((response) => response.end(padded(stub.metadata)))],
    ['no keys', () => (stub.forges = [])],
  ])('are not taken from %s', async (_what, prepare) => {
    const { forge } = stub;
    prepare();
    follow();

    await expect(verifier.verify(forge.token())).rejects.toThrow(IssuerUnavailable);
    expect(failures).toHaveLength(1);
  });
});
