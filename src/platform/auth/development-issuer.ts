import { randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, SignJWT, type JWK } from 'jose';
import { developmentKeys, type KeyPair } from './development-keys';
import { keyFor, type IssuerKeys, type KeyOfIssuer } from './issuer-keys.port';
import type { TokenHead } from './token-rules';

/** Life of a token. */
export const TOKEN_SECONDS = 3_600;

interface SigningKey extends KeyPair {
  readonly keyId: string;
  readonly jwk: JWK;
}

/** The process itself as the issuer of its tokens, for development: whoever asks gets a token for any user. */
export class DevelopmentIssuer implements IssuerKeys {
  readonly revision = 0;
  private signing: SigningKey | undefined;

  constructor(
    /** `iss` of its tokens: the origin under which clients reach this process. */
    readonly issuer: string,
    private readonly audience: string,
    /** Where its keys lie. */
    private readonly directory: string,
  ) {}

  /** @throws DevelopmentKeyUnusable */
  async start(): Promise<void> {
    const pair = developmentKeys(this.directory);
    const jwk = await exportJWK(pair.publicKey);
    const keyId = await calculateJwkThumbprint(jwk);
    this.signing = { ...pair, keyId, jwk: { ...jwk, kid: keyId, use: 'sig', alg: 'ES256' } };
  }

  close(): void {}

  async find(head: Pick<TokenHead, 'algorithm' | 'keyId'>): Promise<KeyOfIssuer | undefined> {
    const { keyId, publicKey } = this.started();
    const key = keyFor([{ keyId, algorithm: 'ES256', key: publicKey }], head);
    return key && { issuer: this.issuer, key };
  }

  /** As `/.well-known/jwks.json` answers it. */
  get jwks(): { readonly keys: readonly JWK[] } {
    return { keys: [this.started().jwk] };
  }

  /** An access token of RFC 9068. */
  sign(subject: string, scope: string): Promise<string> {
    const { keyId, privateKey } = this.started();
    return new SignJWT({ scope, client_id: 'development' })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keyId })
      .setIssuer(this.issuer)
      .setAudience(this.audience)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_SECONDS}s`)
      .sign(privateKey);
  }

  private started(): SigningKey {
    if (this.signing === undefined) throw new Error('the development issuer has not been started');
    return this.signing;
  }
}
