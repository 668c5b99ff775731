import { HttpProblem } from '../http/http-problem';
import { product } from '../http/product';

const CHALLENGE = `Bearer realm="${product.name}"`;

/**
 * 401, with the challenge of RFC 6750 §3 and nothing about what is wrong with the token.
 *
 * @param sent whether the request had a token at all
 */
export function unauthenticated(sent: boolean): HttpProblem {
  const challenge = sent ? `${CHALLENGE}, error="invalid_token"` : CHALLENGE;
  return new HttpProblem('UNAUTHENTICATED', { headers: { 'www-authenticate': challenge } });
}

/** 403, with the scope that the route asks for (RFC 6750 §3.1). */
export function insufficientScope(scope: string): HttpProblem {
  return new HttpProblem('INSUFFICIENT_SCOPE', {
    detail: `The scope ${scope} is needed.`,
    headers: { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${scope}"` },
  });
}

export function reservedIdentity(): HttpProblem {
  return new HttpProblem('RESERVED_IDENTITY');
}

export function issuerUnavailable(cause: unknown): HttpProblem {
  return new HttpProblem('ISSUER_UNAVAILABLE', { cause });
}
