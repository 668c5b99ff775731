import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { requestSeparator } from './load-result.ts';
import type { OpenLoadResult } from './open-load-result.ts';

/**
 * `node open-load.ts PORT PER-SECOND SECONDS CONNECTIONS REQUEST-FILE`: an open loop. Requests fall due by the clock, however slow the
 * answers are, as those of many users do who know nothing of each other.
 */
const [port = 0, perSecond = 0, seconds = 0, connections = 0] = process.argv.slice(2, 6).map(Number);
const requests = readFileSync(process.argv[6] ?? '', 'latin1')
  .split(requestSeparator)
  .map((raw) => Buffer.from(raw, 'latin1'));
const lingerMs = 5_000;

interface Second {
  refused: number;
  readonly acceptedMs: number[];
}

const bySecond: Second[] = Array.from({ length: seconds }, () => ({ refused: 0, acceptedMs: [] }));
const others: Record<string, number> = {};
const idle: Connection[] = [];
/** When those fell due that wait for a connection. */
const waiting: number[] = [];
let waitingFrom = 0;
let open = 0;
let due = 0;
let answered = 0;
let turn = 0;

const headEnd = Buffer.from('\r\n\r\n');
const lengthHeader = Buffer.from('\r\ncontent-length: ');
const retryHeader = Buffer.from('\r\nretry-after: ');
/** Larger than any answer. */
const readBytes = 16 * 1_024;

class Connection {
  readonly #socket: Socket;
  #dueAt: number | undefined;
  #received: Buffer | undefined;

  constructor(dueAt: number) {
    // A buffer of its own, instead of streams and strings: the generator must not be what the answers wait for.
    const buffer = Buffer.allocUnsafe(readBytes);
    const callback = (bytes: number): boolean => {
      this.#read(buffer.subarray(0, bytes));
      return true;
    };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#lost());
    open++;
    this.send(dueAt);
  }

  send(dueAt: number): void {
    this.#dueAt = dueAt;
    this.#socket.write(requests[turn++ % requests.length] ?? '');
  }

  #read(chunk: Buffer): void {
    const received = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk]);
    const end = received.indexOf(headEnd);
    const at = end < 0 ? -1 : received.indexOf(lengthHeader);
    if (end < 0 || received.length < end + headEnd.length + digitsAt(received, at + lengthHeader.length)) {
      this.#received = Buffer.from(received);
      return;
    }
    this.#received = undefined;
    const status = digitsAt(received, 'HTTP/1.1 '.length);
    const hasRetryAfter = status >= 400 && received.indexOf(retryHeader) >= 0;
    note(status, hasRetryAfter, this.#dueAt ?? 0);
    this.#dueAt = undefined;
    const next = waiting[waitingFrom];
    if (next === undefined) idle.push(this);
    else {
      waitingFrom++;
      this.send(next);
    }
  }

  #lost(): void {
    open--;
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
    if (this.#dueAt !== undefined) count('lost');
  }
}

/** The number that stands there. */
function digitsAt(bytes: Buffer, from: number): number {
  let number = 0;
  for (let index = from; ; index++) {
    const digit = (bytes[index] ?? 0) - 48;
    if (digit < 0 || digit > 9) return number;
    number = number * 10 + digit;
  }
}

function note(status: number, hasRetryAfter: boolean, dueAt: number): void {
  answered++;
  const second = bySecond[Math.floor(dueAt / 1_000)];
  if (second === undefined) return;
  if (status < 400) second.acceptedMs.push(performance.now() - startedAt - dueAt);
  else if (status === 503 && hasRetryAfter) second.refused++;
  else count(String(status));
}

function count(kind: string): void {
  others[kind] = (others[kind] ?? 0) + 1;
}

function issue(dueAt: number): void {
  due++;
  const connection = idle.pop();
  if (connection !== undefined) connection.send(dueAt);
  else if (open < connections) void new Connection(dueAt);
  else waiting.push(dueAt);
}

function percentile(sorted: readonly number[], share: number): number {
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3));
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((one, other) => one - other);
}

function report(): void {
  const all = ascending(bySecond.flatMap(({ acceptedMs }) => acceptedMs));
  const result: OpenLoadResult = {
    due,
    seconds: bySecond.map(({ refused, acceptedMs }) => {
      const sorted = ascending(acceptedMs);
      return { accepted: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), refused };
    }),
    acceptedP50Ms: percentile(all, 0.5),
    acceptedP99Ms: percentile(all, 0.99),
    others,
    unanswered: due - answered - (others['lost'] ?? 0),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

const startedAt = performance.now();
const pace = setInterval(() => {
  const elapsedMs = performance.now() - startedAt;
  const target = Math.min(perSecond * seconds, Math.floor((elapsedMs * perSecond) / 1_000));
  while (due < target) issue((due * 1_000) / perSecond);
  if (elapsedMs >= seconds * 1_000) {
    clearInterval(pace);
    const wait = setInterval(() => {
      const isOver = answered + (others['lost'] ?? 0) >= due;
      if (isOver || performance.now() - startedAt > seconds * 1_000 + lingerMs) {
        clearInterval(wait);
        report();
      }
    }, 20);
  }
}, 1);
