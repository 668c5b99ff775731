import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { FillCounts } from './fill-load-generator.ts';
import { requestSeparator } from './load-result.ts';

/** `node fill-load.ts PORT CONNECTIONS COUNT REQUEST-FILE ID-FILE`: a closed loop that goes on until so many things were created. */
const [port = 0, connections = 0, wanted = 0] = process.argv.slice(2, 5).map(Number);
const [requestFile = '', idFile = ''] = process.argv.slice(5);
/** Sent in turn. */
const requests = readFileSync(requestFile, 'latin1').split(requestSeparator);
/** With more answers that are no 201 than this, something is wrong, and going on would not end. */
const othersMax = 1_000;

const ids: string[] = [];
const others: Record<string, number> = {};
const sockets = new Set<Socket>();
let otherCount = 0;
let turn = 0;
let inFlight = 0;
let isOver = false;

function open(): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
  let received = '';
  let isAsking = false;
  const send = (): void => {
    if (ids.length + inFlight >= wanted) return;
    isAsking = true;
    inFlight++;
    socket.write(requests[turn++ % requests.length] ?? '', 'latin1');
  };
  sockets.add(socket);
  socket.on('connect', send);
  socket.on('data', (text) => {
    received += String(text);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end))?.[1]);
    if (received.length < end + 4 + length) return;
    isAsking = false;
    inFlight--;
    note(received.slice(9, 12), received.slice(end + 4));
    received = '';
    if (!isOver) send();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    sockets.delete(socket);
    if (isAsking) inFlight--;
    if (isOver) return;
    note('lost', '');
    setTimeout(open, 10);
  });
}

function note(status: string, body: string): void {
  const id = status === '201' ? /"(?:id|orderId)":"([^"]+)"/.exec(body)?.[1] : undefined;
  if (id !== undefined) ids.push(id);
  else {
    others[status] = (others[status] ?? 0) + 1;
    otherCount++;
  }
  if (ids.length >= wanted || otherCount > othersMax) report();
}

function report(): void {
  if (isOver) return;
  isOver = true;
  const counts: FillCounts = { created: ids.length, seconds: (performance.now() - startedAt) / 1_000, others };
  for (const socket of sockets) socket.destroy();
  writeFileSync(idFile, ids.join('\n'));
  process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit(0));
}

const startedAt = performance.now();
for (let index = 0; index < connections; index++) open();
