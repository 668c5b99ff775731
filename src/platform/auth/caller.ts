import type { FastifyRequest } from 'fastify';

/** Who sends a request, as its verified token says. */
export interface Caller {
  /** The token's `sub`. */
  readonly identity: string;
  readonly scopes: ReadonlySet<string>;
  /** Milliseconds since the epoch: the token's `exp`. */
  readonly expiresAt: number;
}

/** Identity of all callers without a token; only routes of public modules let them in. */
export const ANONYMOUS = 'anonymous';

declare module 'fastify' {
  interface FastifyRequest {
    /** `undefined` without a token, which only public routes let in. */
    caller: Caller | undefined;
  }
}

/** Whose commands and rows a request is about. */
export function identityOf({ caller }: FastifyRequest): string {
  return caller?.identity ?? ANONYMOUS;
}
