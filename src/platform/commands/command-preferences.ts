import { invalid } from '../http/http-problem';

const WAIT_SECONDS_MAX = 30;
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;
const ETAG = /^"(\d{1,15})"$/;

/** How the sender wants to be answered. */
export interface Preference {
  readonly waitMs: number;
  /** Value of `Preference-Applied`; absent when the route's own way was taken. */
  readonly applied?: string;
}

/**
 * Reads `Prefer` (RFC 7240): the first of `respond-async` and `wait` that is well formed counts, all else is ignored, as the RFC asks.
 *
 * @param routeWaitMs how long the route waits by itself
 */
export function readPreference(header: string | undefined, routeWaitMs: number): Preference {
  if (header === undefined) return { waitMs: routeWaitMs };
  for (const item of header.split(',')) {
    const [name = '', value = ''] = item.split(';', 1)[0]?.split('=') ?? [];
    const token = name.trim().toLowerCase();
    if (token === 'respond-async') return { waitMs: 0, applied: 'respond-async' };
    const seconds = value.trim().replaceAll('"', '');
    if (token === 'wait' && /^\d+$/.test(seconds)) {
      const clamped = Math.min(Number(seconds), WAIT_SECONDS_MAX);
      return { waitMs: clamped * 1_000, applied: `wait=${clamped}` };
    }
  }
  return { waitMs: routeWaitMs };
}

/** @throws HttpProblem 400 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || IDEMPOTENCY_KEY.test(header)) return header;
  throw invalid('Idempotency-Key', 'must be 1 to 255 printable ASCII characters');
}

/**
 * @returns the version that the client has seen; `'*'`: any that exists
 * @throws HttpProblem 400 for several or malformed entity tags
 */
export function readExpectedVersion(header: string | undefined): number | '*' | undefined {
  if (header === undefined) return undefined;
  const value = header.trim();
  if (value === '*') return '*';
  const version = ETAG.exec(value)?.[1];
  if (version === undefined) throw invalid('If-Match', 'must be one entity tag as answered in ETag, or *');
  return Number(version);
}
