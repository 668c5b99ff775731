import * as fc from 'fast-check';
import { IssuerUnavailable, keyFor, type IssuerKeys, type VerificationKey } from './issuer-keys.port';
import { hostileTokens } from './testing/hostile-tokens';
import { TokenForge } from './testing/token-forge';
import { mutationsOf } from './testing/token-mutations';
import { ALGORITHMS } from './token-algorithms';
import { InvalidToken } from './token-rules';
import { TokenVerifier } from './token-verifier';

const forges = ALGORITHMS.map((algorithm) => new TokenForge(algorithm));
const [rsa = new TokenForge('RS256'), ec = new TokenForge('ES256')] = forges;

class KnownKeys implements IssuerKeys {
  revision = 0;
  asked = 0;
  isAway = false;
  keys: readonly VerificationKey[] = forges.map(({ keyId, algorithm, publicKey: key }) => ({ keyId, algorithm, key }));

  async find(head: Parameters<IssuerKeys['find']>[0]): ReturnType<IssuerKeys['find']> {
    this.asked++;
    if (this.isAway) throw new IssuerUnavailable();
    const key = keyFor(this.keys, head);
    return key && { issuer: rsa.issuer, key };
  }

  start(): void {}
  close(): void {}
}

const started = (): { keys: KnownKeys; verifier: TokenVerifier; clock: { ms: number } } => {
  const clock = { ms: 0 };
  const keys = new KnownKeys();
  return { keys, clock, verifier: new TokenVerifier(keys, rsa.audience, () => Date.now() + clock.ms) };
};
const now = (): number => Math.floor(Date.now() / 1_000);

describe('A verified token', () => {
  it.each(forges.map((forge) => [forge.algorithm, forge] as const))('may be signed by %s', async (_name, forge) => {
    const exp = now() + 600;
    const caller = await started().verifier.verify(forge.token({ exp }));

    expect(caller).toEqual({
      identity: 'alice',
      scopes: new Set(['read:values', 'write:values']),
      expiresAt: exp * 1_000,
    });
  });

  it.each([
    ['of type at+jwt without scopes', rsa.token({ scope: undefined })],
    ['of type application/AT+JWT', rsa.token({}, { typ: 'application/AT+JWT' })],
    ['of type at+jwt with a nonce, which says itself what it is', rsa.token({ nonce: 'n' })],
    ['of type JWT with scopes', rsa.token({}, { typ: 'JWT' })],
    ['of Keycloak', rsa.token({ typ: 'Bearer', azp: 'app', sid: 's' }, { typ: 'JWT' })],
    ['without a key id, where one key fits', rsa.token({}, { kid: undefined })],
    ['for several audiences', rsa.token({ aud: ['other', rsa.audience] })],
    ['just expired, by the clock of another machine', rsa.token({ exp: now() - 5 })],
    ['valid from now, by the clock of another machine', rsa.token({ nbf: now() + 5 })],
    ['with a sub of 128 characters', rsa.token({ sub: 'ü'.repeat(128) })],
  ])('may be %s', async (_what, token) => {
    await expect(started().verifier.verify(token)).resolves.toMatchObject({ identity: expect.any(String) });
  });

  it('is verified once, and again when the keys of the issuer have changed', async () => {
    const { keys, verifier } = started();
    const token = ec.token();
    await verifier.verify(token);
    await verifier.verify(token);
    expect(keys.asked).toBe(1);

    keys.revision++;
    keys.keys = keys.keys.filter(({ keyId }) => keyId !== ec.keyId);
    await expect(verifier.verify(token)).rejects.toThrow(InvalidToken);
  });

  it('is not believed for longer because it was believed before', async () => {
    const { verifier, clock } = started();
    const token = ec.token({ exp: now() + 60 });
    await verifier.verify(token);
    clock.ms = 90_000;

    await expect(verifier.verify(token)).rejects.toThrow(InvalidToken);
  });
});

describe('A token that is not to be believed', () => {
  it.each(Object.entries(hostileTokens(rsa)))('is refused: %s', async (_name, token) => {
    await expect(started().verifier.verify(token)).rejects.toThrow(InvalidToken);
  });

  it('is refused: ES256 with r = s = 0 under the id of a key for ES256', async () => {
    const [header, payload] = ec.token().split('.');
    const token = `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`;

    await expect(started().verifier.verify(token)).rejects.toThrow(InvalidToken);
  });

  it('is refused when it names no key and two would fit', async () => {
    const { keys, verifier } = started();
    const twin = new TokenForge('RS256', 'another');
    keys.keys = [...keys.keys, { keyId: 'another', algorithm: 'RS256', key: twin.publicKey }];

    await expect(verifier.verify(rsa.token({}, { kid: undefined }))).rejects.toThrow(InvalidToken);
  });

  it('cannot be made by changing valid ones', async () => {
    const { verifier } = started();
    const valid = forges.flatMap((forge) => [forge.token(), forge.token({ sub: 'bob', scope: 'admin' })]);
    // They are remembered, which must help nobody.
    for (const token of valid) await verifier.verify(token);

    await fc.assert(
      fc.asyncProperty(mutationsOf(valid), async (token) => {
        await expect(verifier.verify(token)).rejects.toThrow(InvalidToken);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is told from one that cannot be judged, because the issuer is away', async () => {
    const { keys, verifier } = started();
    keys.isAway = true;

    await expect(verifier.verify(rsa.token())).rejects.toThrow(IssuerUnavailable);
    await expect(verifier.verify('not.a.token')).rejects.toThrow(InvalidToken);
  });
});
