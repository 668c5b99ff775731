import { once } from 'node:events';
import { z } from 'zod';

const targets = z.tuple([z.object({ webSocketDebuggerUrl: z.string() })]);
const answerWithinMs = 30_000;

/** Has a running process collect its garbage, through its inspector: what is in its heap then is what it holds on to. */
export class GarbageCollector {
  readonly #port: number;

  /** @param port where the process is inspected */
  constructor(port: number) {
    this.#port = port;
  }

  /** Start the process with them. */
  get settings(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--inspect=127.0.0.1:${this.#port} --inspect-publish-uid=http` };
  }

  /** @throws Error when the process does not answer */
  async collect(): Promise<void> {
    const list: unknown = await (await fetch(`http://127.0.0.1:${this.#port}/json`)).json();
    const [{ webSocketDebuggerUrl }] = targets.parse(list);
    const socket = new WebSocket(webSocketDebuggerUrl);
    const signal = AbortSignal.timeout(answerWithinMs);
    try {
      await once(socket, 'open', { signal });
      // What has a finalizer is gone with the second collection only.
      for (const id of [1, 2]) {
        const collected = once(socket, 'message', { signal });
        socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
        await collected;
      }
    } finally {
      socket.close();
    }
  }
}
