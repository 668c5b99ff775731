import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type LoadResult, requestSeparator } from './load-result.ts';

/** `node socket-load.ts PORT CONNECTIONS SECONDS REQUEST-FILE`: the load generator for machines without wrk. */
const [port = 0, connections = 0, seconds = 0] = process.argv.slice(2, 5).map(Number);
const requests = readFileSync(process.argv[5] ?? '', 'latin1')
  .split(requestSeparator)
  .map((raw) => Buffer.from(raw, 'latin1'));

/** Latencies are counted in steps of 10 µs up to 20 s: no memory grows while the load runs. */
const stepMs = 0.01;
const latencies = new Uint32Array(20_000 / stepMs);
const faults: LoadResult['faults'] = { status: 0, connect: 0, read: 0, write: 0, timeout: 0 };
const sockets = new Set<Socket>();
let answers = 0;
let maxMs = 0;
let turn = 0;

function open(): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let sentAt = 0;
  let head: { status: number; length: number } | undefined;
  let received: Buffer = Buffer.alloc(0);
  const send = (): void => {
    const request = requests[turn++ % requests.length] ?? Buffer.alloc(0);
    received = Buffer.alloc(0);
    head = undefined;
    sentAt = performance.now();
    socket.write(request);
  };
  sockets.add(socket);
  socket.on('connect', send);
  socket.on('data', (data) => {
    const chunk = Buffer.from(data);
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    head ??= readHead(received);
    if (head === undefined || received.length < head.length) return;
    count(head.status, performance.now() - sentAt);
    send();
  });
  socket.on('error', () => {
    faults[sentAt === 0 ? 'connect' : 'read'] += 1;
  });
  socket.on('close', () => {
    if (sockets.delete(socket)) setTimeout(open, 10);
  });
}

/** Status and length of the whole answer, once its head is there. */
function readHead(received: Buffer): { status: number; length: number } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const text = received.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (length === undefined) throw new Error(`an answer without Content-Length:\n${text}`);
  return { status: Number(text.slice(9, 12)), length: end + 4 + Number(length) };
}

function count(status: number, ms: number): void {
  answers += 1;
  if (status >= 400) faults.status += 1;
  maxMs = Math.max(maxMs, ms);
  const step = Math.min(latencies.length - 1, Math.floor(ms / stepMs));
  latencies[step] = (latencies[step] ?? 0) + 1;
}

function percentile(share: number): number {
  let seen = 0;
  for (const [step, number] of latencies.entries()) {
    seen += number;
    if (seen >= answers * share) return Number(((step + 1) * stepMs).toFixed(3));
  }
  return maxMs;
}

const startedAt = performance.now();
for (let index = 0; index < connections; index++) open();
setTimeout(() => {
  const elapsed = (performance.now() - startedAt) / 1000;
  const open = [...sockets];
  sockets.clear();
  for (const socket of open) socket.destroy();
  const latencyMs = { p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99), max: maxMs };
  const result: LoadResult = { answers, seconds: elapsed, latencyMs, faults };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}, seconds * 1000);
