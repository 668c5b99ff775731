import { createServer } from 'node:net';

const lowestPort = 20_000;
const highestPort = 32_000;

/**
 * A TCP port of the loopback address that is free now. It lies below the range that Linux gives to outgoing connections: a client that
 * keeps connecting to a stopped server's port could otherwise be handed that port itself and keep the server from coming back.
 * @throws Error when a hundred random ports are all taken
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowestPort} and ${highestPort}`);
}

/** Whether somebody could listen on this port of the loopback address now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
