import { z } from 'zod';

const count = z.int().min(0);

/** What one run of a load generator saw, in the words that both generators print. */
export const loadResult = z.object({
  /** Answers within the time, whatever their status. */
  answers: count,
  seconds: z.number().positive(),
  /** From the request's first byte to the answer's last. */
  latencyMs: z.object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() }),
  faults: z.object({
    /** Answers with a status of 400 or more. */
    status: count,
    connect: count,
    read: count,
    write: count,
    timeout: count,
  }),
});

export type LoadResult = z.infer<typeof loadResult>;

/** Between two requests in a file for a generator: a character that occurs in none of them. */
export const requestSeparator = '\x1e';

/** Requests as the bytes that go over the wire, sent in turn by every connection. */
export function rawRequest(options: {
  port: number;
  method: string;
  path: string;
  body: object;
  headers?: Readonly<Record<string, string>>;
}): string {
  const body = JSON.stringify(options.body);
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `${options.method} ${options.path} HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nPrefer: wait=10\r\n${headers.join('')}\r\n${body}`
  );
}
