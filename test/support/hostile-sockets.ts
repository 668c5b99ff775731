import { connect, type Socket } from 'node:net';
import { pause } from '../../scripts/process/wait.ts';

const chunkBytes = 64 * 1024;
const answerWithinMs = 60_000;
const dribbleEveryMs = 20;

/** What came back until the server closed, or until nobody wanted to know more. */
export interface SocketAnswer {
  readonly text: string;
  /** Bytes that the server's side took from us. */
  readonly sentBytes: number;
}

/** Sends a head and then a body of so many bytes, as fast as the server takes it, and stops when it answers and closes. */
export function flood(
  url: string,
  head: string,
  bodyBytes: number,
  chunk = Buffer.alloc(chunkBytes, 'x'),
): Promise<SocketAnswer> {
  return new Promise((resolve) => {
    const socket = open(url);
    let text = '';
    let left = bodyBytes;
    const more = (): void => {
      while (left > 0 && socket.writable) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on('data', (part) => (text += String(part)));
    socket.on('drain', more);
    socket.on('close', () => resolve({ text, sentBytes: socket.bytesWritten - socket.writableLength }));
    socket.write(head);
    more();
  });
}

/**
 * Sends a byte at a time until the server closes.
 * @param head what is sent at once before it
 * @returns all that it answered
 */
export async function dribble(url: string, bytes: string, head = ''): Promise<string> {
  const socket = open(url);
  socket.write(head);
  let text = '';
  socket.on('data', (part) => (text += String(part)));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  let isOver = false;
  void closed.then(() => (isOver = true));
  for (let index = 0; !isOver; index++) {
    if (socket.writable) socket.write(bytes[index % bytes.length] ?? 'x');
    await Promise.race([closed, pause(dribbleEveryMs)]);
  }
  return text;
}

/** Sends requests and reads none of the answers. */
export function sendAndNeverRead(url: string, requests: string, times: number): Socket {
  const socket = open(url);
  socket.pause();
  for (let sent = 0; sent < times; sent++) socket.write(requests);
  return socket;
}

/** Opens a stream and goes away: at once, or after its first bytes. */
export function openAndLeave(url: string, path: string, atOnce: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = open(url);
    socket.on('close', () => resolve());
    socket.once('data', () => socket.destroy());
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`, () => {
      if (atOnce) socket.destroy();
    });
  });
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) }).setEncoding('latin1');
  socket.on('error', () => undefined);
  socket.setTimeout(answerWithinMs, () => socket.destroy());
  return socket;
}
