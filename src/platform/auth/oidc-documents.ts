import { createPublicKey } from 'node:crypto';
import jwksRsa from 'jwks-rsa';
import { z } from 'zod';
import { asError } from '../as-error';
import type { VerificationKey } from './issuer-keys.port';
import { algorithmOf } from './token-algorithms';

/** What an issuer says of itself, as far as it concerns us. */
export interface Discovery {
  /** `iss` of its tokens, to the letter: Auth0's ends in a slash. */
  readonly issuer: string;
  readonly jwksUri: string;
}

const DOCUMENT_BYTES_MAX = 512 * 1024;
const KEYS_MAX = 100;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });
const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(KEYS_MAX) });

/**
 * Reads the issuer's metadata.
 *
 * @param url of the issuer, without a slash at its end
 * @throws Error that says what is wrong, for the operator
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation
 */
export async function discover(url: string, timeoutMs: number): Promise<Discovery> {
  const address = `${url}/.well-known/openid-configuration`;
  const { issuer, jwks_uri: jwksUri } = metadata.parse(await fetchJson(address, timeoutMs));
  if (issuer.replace(/\/+$/, '') !== url) throw new Error(`${address} is about another issuer`);
  if (url.startsWith('https:') && !jwksUri.startsWith('https:')) throw new Error('its keys do not come by https');
  return { issuer, jwksUri };
}

/**
 * Fetches the issuer's keys, those that we can use.
 *
 * @throws Error when it answers with none
 */
export async function fetchKeys(jwksUri: string, timeoutMs: number): Promise<VerificationKey[]> {
  const client = jwksRsa({
    jwksUri,
    // When to ask again, and for what, is decided by who calls: a cache by key id would let unknown ids drive out known ones.
    cache: false,
    rateLimit: false,
    fetcher: async (uri) => keySet.parse(await fetchJson(uri, timeoutMs)),
  });
  const keys = await client.getSigningKeys();
  return keys.flatMap((signingKey): VerificationKey[] => {
    const key = createPublicKey(signingKey.getPublicKey());
    const algorithm = algorithmOf(key);
    const declared: string | undefined = signingKey.alg;
    if (algorithm === undefined || (declared !== undefined && declared !== algorithm)) return [];
    return [{ keyId: signingKey.kid, algorithm, key }];
  });
}

/** Follows no redirect: an issuer is where it says it is. */
async function fetchJson(address: string, timeoutMs: number): Promise<unknown> {
  const answer = await fetch(address, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    const { message, cause } = asError(error);
    throw new Error(`${address} cannot be fetched: ${cause instanceof Error ? cause.message : message}`);
  });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    throw new Error(`${address} answered ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.byteLength;
    if (bytes > DOCUMENT_BYTES_MAX) throw new Error(`${address} answered more than ${DOCUMENT_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}
