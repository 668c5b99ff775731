import type { KeyObject } from 'node:crypto';

/** The only signatures that are taken. */
export const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const RSA_BITS_MIN = 2_048;

export function isAlgorithm(name: unknown): name is Algorithm {
  return ALGORITHMS.some((algorithm) => algorithm === name);
}

/**
 * The one algorithm that a public key verifies here: the key says it, never the token.
 *
 * @returns `undefined` when it verifies none of ours
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= RSA_BITS_MIN ? 'RS256' : undefined;
  if (type === 'ec') return details?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
  return type === 'ed25519' ? 'EdDSA' : undefined;
}
