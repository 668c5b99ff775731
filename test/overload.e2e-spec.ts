import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './support/eventually.ts';
import { member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';

const senders = 1_000;
const within = 30_000;

describeModes('a burst of writes', ({ startApp }) => {
  it('is decided or refused with 503 OVERLOADED, request by request; nothing else happens, and all is well after', async () => {
    const app = await startApp();
    const headers = { 'content-type': 'application/json', prefer: 'wait=20' };
    const created = await fetch(`${app.url}/values`, { method: 'POST', headers, body: '{"value":0}' });
    const id = String(member(await created.json(), 'id'));
    const { port } = new URL(app.url);

    const burst = await Promise.all(Array.from({ length: senders }, () => SlowWriter.begin(Number(port), id)));
    for (const writer of burst) writer.finish();
    await eventually(() => burst.every(({ status }) => status !== undefined), { within });
    const others = burst.filter(({ status }) => status !== 200);
    expect(others.filter(({ text }) => !/^HTTP\/1\.1 503 [^]*"code":"OVERLOADED"/.test(text))).toEqual([]);
    const taken = senders - others.length;
    expect(taken).toBeGreaterThan(0);
    const last = await eventually(
      async () => {
        const answer = await fetch(`${app.url}/values/${id}`, {
          method: 'PUT',
          headers,
          body: '{"operation":"ADD","value":1}',
        });
        const body: unknown = await answer.json();
        expect(answer.status).toBe(200);
        return body;
      },
      { within },
    );
    expect(member(last, 'value')).toBe(taken + 1);
    for (const writer of burst) writer.close();
  });
});

/** Sends the head of a command and the first byte of its body, and the rest later. */
class SlowWriter {
  static readonly #body = '{"operation":"ADD","value":1}';
  text = '';
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket.setEncoding('latin1');
    socket.on('data', (part) => (this.text += String(part)));
    socket.on('error', () => undefined);
  }

  static async begin(port: number, id: string): Promise<SlowWriter> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const writer = new SlowWriter(socket);
    const head = `PUT /values/${id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nPrefer: wait=20\r\n`;
    socket.write(`${head}Content-Length: ${this.#body.length}\r\n\r\n{`);
    return writer;
  }

  get status(): number | undefined {
    const status = /^HTTP\/1\.1 (\d+)/.exec(this.text)?.[1];
    return status === undefined ? undefined : Number(status);
  }

  finish(): void {
    this.#socket.write(SlowWriter.#body.slice(1));
  }

  close(): void {
    this.#socket.destroy();
  }
}
