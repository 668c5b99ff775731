import { connect } from 'node:net';
import { monotonicMs } from './stream-audience.ts';

/** A client reads little at a time, and has a place of its own for it. */
const readBytes = 4_096;

/** Where a client looks, and as whom. */
export interface StreamRequest {
  readonly port: number;
  readonly path: string;
  /** Bearer token. */
  readonly token?: string | undefined;
}

/** One client of an event stream, on a bare socket: an HTTP client would take the processor from the server. */
export class StreamConnection {
  isCaughtUp = false;
  isLost = false;
  readonly #take: (event: string, atMs: number) => void;
  #text = '';

  /** @param take gets the text of every event with the time when it was read, by {@link monotonicMs} */
  constructor({ port, path, token }: StreamRequest, take: (event: string, atMs: number) => void) {
    this.#take = take;
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
    const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
    const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n`;
    socket.write(`${head}${authorization}\r\n`);
  }

  /** The lines of the chunked encoding stand between the events and are none of them. */
  #read(text: string): void {
    const atMs = monotonicMs();
    this.#text += text;
    if (this.#text.startsWith('HTTP/1.1 ') && !this.#text.startsWith('HTTP/1.1 200')) this.isLost = true;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      const event = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (event.includes('event: caught-up')) this.isCaughtUp = true;
      this.#take(event, atMs);
    }
  }
}
