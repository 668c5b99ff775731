import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { GiveUp, pause, waitUntil } from '../../scripts/process/wait.ts';
import { delayStepMs, type Finale, type Heard, monotonicMs } from './stream-audience.ts';

/**
 * `node stream-clients.ts PORT PATH CLIENTS CHANGES`: clients of the stream of a value's changes. Change n, counted from 0, adds n + 1 to the
 * value: so a client knows which one it has got, in whatever order they were decided. It prints a line when all have caught up, then waits
 * for a line that tells when each was sent, and prints what was heard.
 */
const [port = 0, clientCount = 0, changes = 0] = [process.argv[2], process.argv[4], process.argv[5]].map(Number);
const path = process.argv[3] ?? '';
const openAtOnce = 50;
const caughtUpWithinMs = 60_000;
const lingerMs = 5_000;
/** A client reads little at a time, and has a place of its own for it. */
const readBytes = 4_096;

class Client {
  readonly arrivedAtMs = new Float64Array(changes);
  version = 0;
  irregular = 0;
  isCaughtUp = false;
  isLost = false;
  #value = 0;
  #text = '';

  constructor() {
    const onread = {
      buffer: Buffer.alloc(readBytes),
      callback: (bytes: number, buffer: Uint8Array): boolean => {
        this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, bytes).toString('latin1'));
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', onread });
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isLost = true));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  }

  /** The lines of the chunked encoding stand between the events and are none of them. */
  #read(text: string): void {
    const atMs = monotonicMs();
    this.#text += text;
    if (this.#text.startsWith('HTTP/1.1 ') && !this.#text.startsWith('HTTP/1.1 200')) this.isLost = true;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      this.#take(this.#text.slice(0, end), atMs);
      this.#text = this.#text.slice(end + 2);
    }
  }

  #take(event: string, atMs: number): void {
    if (event.includes('event: caught-up')) this.isCaughtUp = true;
    const row = /\ndata: \{"value":(\d+),"version":(\d+),/.exec(event);
    if (row === null) return;
    const [value, version] = [Number(row[1]), Number(row[2])];
    if (version === this.version + 1) this.arrivedAtMs[value - this.#value - 1] = atMs;
    else this.irregular++;
    this.#value = value;
    this.version = version;
  }
}

const clients: Client[] = [];

async function gather(): Promise<void> {
  while (clients.length < clientCount) {
    const wave = Array.from({ length: Math.min(openAtOnce, clientCount - clients.length) }, () => new Client());
    clients.push(...wave);
    const allCaughtUp = (): boolean => {
      if (wave.some(({ isLost }) => isLost)) throw new GiveUp('a client was not served');
      return wave.every(({ isCaughtUp }) => isCaughtUp);
    };
    await waitUntil(allCaughtUp, { withinMs: caughtUpWithinMs, what: 'clients caught up with the stream' });
  }
}

/** The creation of the value is version 1. */
async function untilAllHaveCome(): Promise<void> {
  const deadline = monotonicMs() + lingerMs;
  while (clients.some(({ version }) => version < changes + 1) && monotonicMs() < deadline) await pause(20);
}

function report({ sentAtMs }: Finale): Heard {
  const delays: Record<string, number> = {};
  let arrivals = 0;
  for (const [index, sentMs] of sentAtMs.entries()) {
    for (const { arrivedAtMs } of clients) {
      const arrivedMs = arrivedAtMs[index] ?? 0;
      if (arrivedMs === 0) continue;
      const step = Math.ceil((arrivedMs - sentMs) / delayStepMs);
      delays[step] = (delays[step] ?? 0) + 1;
      arrivals++;
    }
  }
  const irregular = clients.reduce((sum, client) => sum + client.irregular, 0);
  const lost = clients.filter(({ isLost }) => isLost).length;
  return { arrivals, delays, irregular, missing: changes * clients.length - arrivals, lost };
}

// It ends also when nobody is there any more to tell.
const input = createInterface({ input: process.stdin });
input.on('close', () => process.exit(1));
input.on('line', (line) => {
  const finale: Finale = JSON.parse(line);
  void untilAllHaveCome().then(() => {
    process.stdout.write(`${JSON.stringify(report(finale))}\n`, () => process.exit(0));
  });
});
gather().then(
  () => process.stdout.write('caught up\n'),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
