import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { Algorithm } from '../token-algorithms';

/** Members of a header or of claims; `undefined` leaves one out. */
export type Members = Readonly<Record<string, unknown>>;

/** Signs whatever it is told to, right or wrong, as an issuer or as an attacker would. */
export class TokenForge {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;

  /** @param issuer `iss` of its tokens */
  constructor(
    readonly algorithm: Algorithm = 'ES256',
    readonly keyId = `key-${algorithm}`,
    readonly issuer = 'https://issuer.example.com/',
    readonly audience = 'the-audience',
  ) {
    const pair = pairFor(algorithm);
    this.privateKey = pair.privateKey;
    this.publicKey = pair.publicKey;
  }

  get jwk(): JWK {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.keyId, use: 'sig', alg: this.algorithm };
  }

  /** Claims of a good access token. */
  claims(overrides: Members = {}): Members {
    const now = Math.floor(Date.now() / 1_000);
    const { issuer: iss, audience: aud } = this;
    return { iss, aud, sub: 'alice', scope: 'read:values write:values', iat: now, exp: now + 600, ...overrides };
  }

  header(overrides: Members = {}): Members {
    return { alg: this.algorithm, typ: 'at+jwt', kid: this.keyId, ...overrides };
  }

  /** A token with a right signature over whatever is given. */
  token(claims: Members = {}, header: Members = {}): string {
    return this.signed(encode(this.header(header)), encode(this.claims(claims)));
  }

  /** Signs two parts as they are. */
  signed(header: string, payload: string): string {
    const data = Buffer.from(`${header}.${payload}`);
    const signature =
      this.algorithm === 'ES256'
        ? sign('sha256', data, { key: this.privateKey, dsaEncoding: 'ieee-p1363' })
        : sign(this.algorithm === 'RS256' ? 'sha256' : null, data, this.privateKey);
    return `${data.toString()}.${signature.toString('base64url')}`;
  }
}

/** JSON as a part of a token. */
export function encode(members: unknown): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url');
}

function pairFor(algorithm: Algorithm): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  switch (algorithm) {
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2_048 });
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
}
