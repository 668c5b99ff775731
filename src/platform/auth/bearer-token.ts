import type { IncomingHttpHeaders } from 'node:http';

const SCHEME = /^bearer(?: |$)/i;
const CREDENTIALS = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The access token of a request, from its `Authorization` header alone: never from the URL or a body, which end in logs and histories.
 *
 * @returns `undefined` when none was sent; empty when what was sent is none
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function bearerTokenOf({ authorization }: IncomingHttpHeaders): string | undefined {
  if (authorization === undefined || !SCHEME.test(authorization)) return undefined;
  return CREDENTIALS.exec(authorization)?.[1] ?? '';
}
