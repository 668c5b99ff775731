/**
 * Server-sent events as text. Data is JSON on one line: JSON.stringify never gives a raw line break.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/** A comment, so that neither proxies nor clients take silence for death. */
export const HEARTBEAT = Buffer.from(':\n\n');

/** A row: an unnamed event. */
export function itemFrame(id: string, data: object): Buffer {
  return Buffer.from(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** An item of a stream that nobody can resume: it has no id. */
export function dataFrame(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}

export function deleteFrame(id: string, rowId: unknown): Buffer {
  return Buffer.from(`event: delete\nid: ${id}\ndata: ${JSON.stringify({ id: rowId })}\n\n`);
}

/** All that was there at the start has been sent. Its id lets a client without rows resume from here. */
export function caughtUpFrame(id: string): Buffer {
  return Buffer.from(`event: caught-up\nid: ${id}\ndata: {}\n\n`);
}

/** What the client has is of no use: a fresh snapshot follows. */
export const RESET = Buffer.from('event: reset\ndata: {}\n\n');

/** When to come back after the stream ends: spread, so that clients of a restarted process do not come at once. */
export function retryFrame(): Buffer {
  return Buffer.from(`retry: ${1_000 + Math.floor(Math.random() * 2_000)}\n\n`);
}

/** Place in a stream as clients know it. */
export interface StreamPosition {
  readonly generation: number;
  readonly seq: number;
}

export function formatPosition(generation: number, seq: number): string {
  return `${generation}-${seq}`;
}

/** `undefined` when it is none of ours. */
export function parsePosition(text: string): StreamPosition | undefined {
  const match = /^(\d{1,9})-(\d{1,16})$/.exec(text);
  if (match === null) return undefined;
  const seq = Number(match[2]);
  return Number.isSafeInteger(seq) ? { generation: Number(match[1]), seq } : undefined;
}
