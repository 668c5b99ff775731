import type { ServerResponse } from 'node:http';

/** Aborts when the client has gone or has its answer; at once when that was before we asked. */
export function clientGone(response: ServerResponse): AbortSignal {
  if (response.destroyed) return AbortSignal.abort();
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
