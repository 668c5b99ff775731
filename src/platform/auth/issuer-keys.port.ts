import type { KeyObject } from 'node:crypto';
import type { Algorithm } from './token-algorithms';
import type { TokenHead } from './token-rules';

/** A key of the issuer, by which its tokens are verified. */
export interface VerificationKey {
  readonly keyId: string | undefined;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** A key, and what tokens that it signed have in `iss`. */
export interface KeyOfIssuer {
  readonly issuer: string;
  readonly key: KeyObject;
}

/** The keys of the one issuer whose tokens are believed. */
export interface IssuerKeys {
  /** Changes when keys have gone or come: what was verified by a key that has gone is not valid any more. */
  readonly revision: number;
  /**
   * @returns `undefined` when the issuer has no such key
   * @throws IssuerUnavailable when it cannot be told, because the issuer has never been reached
   */
  find(head: Pick<TokenHead, 'algorithm' | 'keyId'>): Promise<KeyOfIssuer | undefined>;
  /** Waits for nobody else. @throws Error when it can never have keys */
  start(): void | Promise<void>;
  close(): void;
}

/** Injection token of the {@link IssuerKeys}. */
export const ISSUER_KEYS = Symbol('ISSUER_KEYS');

/** The issuer has not been reached since the start, so that no token can be judged. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

/** The one key that a token can mean: by its id, or, where it names none, the only one of its algorithm. */
export function keyFor(
  keys: readonly VerificationKey[],
  { algorithm, keyId }: Pick<TokenHead, 'algorithm' | 'keyId'>,
): KeyObject | undefined {
  const fitting = keys.filter((key) => key.algorithm === algorithm && (keyId === undefined || key.keyId === keyId));
  return fitting.length === 1 ? fitting[0]?.key : undefined;
}
