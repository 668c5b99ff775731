import type { JWTPayload } from 'jose';
import { z } from 'zod';
import type { Caller } from './caller';
import { isAlgorithm, type Algorithm } from './token-algorithms';

/** The token is not one to be believed; why is nobody's business but a debugger's. */
export class InvalidToken extends Error {
  override readonly name = 'InvalidToken';
}

/** What a token says of itself before its signature is looked at. */
export interface TokenHead {
  readonly algorithm: Algorithm;
  /** Access tokens of RFC 9068 say what they are; a plain `JWT` may be anything. */
  readonly type: 'at+jwt' | 'jwt';
  readonly keyId: string | undefined;
}

/** Headers as a whole are bounded at 16 KB. */
const TOKEN_CHARACTERS_MAX = 8_192;
const SUBJECT_CHARACTERS_MAX = 128;

const header = z.object({
  alg: z.string().refine(isAlgorithm),
  typ: z.string(),
  kid: z.string().min(1).max(256).optional(),
  // An extension that must be understood is one that we do not understand.
  crit: z.never().optional(),
  b64: z.never().optional(),
  zip: z.never().optional(),
});

/** @throws InvalidToken when it is no signed token of a kind that is taken here */
export function readHead(token: string): TokenHead {
  if (token.length > TOKEN_CHARACTERS_MAX) throw new InvalidToken('the token is too long');
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isCanonical)) throw new InvalidToken('the token is no compact JWS');
  const { success, data } = header.safeParse(jsonOf(parts[0] ?? ''));
  if (!success) throw new InvalidToken('the header of the token is not one that is taken');
  const type = data.typ.toLowerCase().replace(/^application\//, '');
  if (type !== 'at+jwt' && type !== 'jwt') throw new InvalidToken('the token is of another type');
  return { algorithm: data.alg, type, keyId: data.kid };
}

/** The same bytes have many spellings in base64url; only one of them is the token that was issued. */
function isCanonical(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** What ID tokens (OpenID Connect) and logout tokens have, and access tokens have not. */
const notOfAccessTokens = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'] as const;

const subject = z
  .string()
  .min(1)
  .max(SUBJECT_CHARACTERS_MAX)
  // It is kept as text in headers of records and in SQL, which take neither control characters nor half of a character.
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));

const claims = z.object({
  sub: subject,
  exp: z.number().positive(),
  scope: z.string().max(TOKEN_CHARACTERS_MAX).optional(),
  typ: z.string().optional(),
});

/**
 * Who the claims name; they have been verified before.
 *
 * @throws InvalidToken when they are not those of an access token
 */
export function callerOf(payload: JWTPayload, { type }: Pick<TokenHead, 'type'>): Caller {
  const { success, data } = claims.safeParse(payload);
  if (!success) throw new InvalidToken('the claims of the token are not those of an access token');
  if (type === 'jwt') {
    const strange = notOfAccessTokens.some((claim) => payload[claim] !== undefined);
    // Keycloak says in a claim of its own what a token is for.
    const isForElse = data.typ !== undefined && data.typ.toLowerCase() !== 'bearer';
    if (strange || isForElse || data.scope === undefined) throw new InvalidToken('the token is no access token');
  }
  const scopes = new Set((data.scope ?? '').split(' ').filter((scope) => scope !== ''));
  return { identity: data.sub, scopes, expiresAt: data.exp * 1_000 };
}
