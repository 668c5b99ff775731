import * as fc from 'fast-check';
import { keyFor, type IssuerKeys, type VerificationKey } from '../src/platform/auth/issuer-keys.port';
import { TokenForge } from '../src/platform/auth/testing/token-forge';
import { mutationsOf } from '../src/platform/auth/testing/token-mutations';
import { ALGORITHMS } from '../src/platform/auth/token-algorithms';
import { InvalidToken } from '../src/platform/auth/token-rules';
import { TokenVerifier } from '../src/platform/auth/token-verifier';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const chunk = 2_000;

describe('Tokens', () => {
  const count = faultCount({ small: 20_000, full: 1_000_000 });

  it(`A1: cannot be made by changing valid ones: ${count} mutations`, async () => {
    const random = SeededRandom.announce('tokens');
    const forges = ALGORITHMS.map((algorithm) => new TokenForge(algorithm));
    const valid = forges.flatMap((forge) => {
      const later = { exp: Math.floor(Date.now() / 1_000) + 86_400 };
      return [forge.token(later), forge.token({ ...later, sub: 'bob', scope: 'admin' })];
    });
    const verifier = new TokenVerifier(keysOf(forges), 'the-audience');
    for (const token of valid) await verifier.verify(token);
    const mutations = mutationsOf(valid);
    const accepted: string[] = [];
    const strange: unknown[] = [];
    for (let tried = 0; tried < count; tried += chunk) {
      const numRuns = Math.min(chunk, count - tried);
      for (const token of fc.sample(mutations, { seed: random.seed + tried, numRuns })) {
        await verifier.verify(token).then(
          () => accepted.push(token),
          (error: unknown) => (error instanceof InvalidToken ? undefined : strange.push(error)),
        );
      }
    }

    expect({ accepted, strange }).toEqual({ accepted: [], strange: [] });
    for (const token of valid) await expect(verifier.verify(token)).resolves.toBeDefined();
  });
});

function keysOf(forges: readonly TokenForge[]): IssuerKeys {
  const keys = forges.map(({ keyId, algorithm, publicKey }): VerificationKey => ({ keyId, algorithm, key: publicKey }));
  const issuer = forges[0]?.issuer ?? '';
  return {
    revision: 0,
    start: () => undefined,
    close: () => undefined,
    find: async (head) => {
      const key = keyFor(keys, head);
      return key && { issuer, key };
    },
  };
}
