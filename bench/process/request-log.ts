import { open, stat } from 'node:fs/promises';

/** The product's log, read for the status of every answer: the load generators tell only how many were 400 or more. */
export class RequestLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Where the next line will begin. */
  async end(): Promise<number> {
    return (await stat(this.#path)).size;
  }

  /** How many answers of which status were logged for a method since a place. Those that nobody took count as `aborted`. */
  async statusesSince(start: number, method: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const file = await open(this.#path);
    try {
      for await (const line of file.readLines({ start })) {
        if (!line.includes(`"context":"Request","method":"${method}"`)) continue;
        const status = line.includes('"aborted":true') ? 'aborted' : (/"status":(\d+)/.exec(line)?.[1] ?? 'none');
        counts[status] = (counts[status] ?? 0) + 1;
      }
    } finally {
      await file.close();
    }
    return counts;
  }
}
