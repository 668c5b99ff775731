import { AsyncLocalStorage } from 'node:async_hooks';

/** What logs written below a request know of it. */
export interface RequestContext {
  readonly correlationId: string;
}

/** Set for everything that a request causes in this process. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** The header as received when it is valid W3C trace context (version 00 has no further fields), else `undefined`. */
export function validTraceparent(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || header.length > 512 || !traceparentPattern.test(header)) {
    return undefined;
  }
  return header.startsWith('00') && header.length !== 55 ? undefined : header;
}
