import { pause } from '../../scripts/process/wait.ts';
import { HttpClient } from './http-client.ts';
import type { LedgerOfAttempts, Operation } from './ledger-of-attempts.ts';
import type { SeededRandom } from './seeded-random.ts';

const clientsInAll = 16;
const thinkMsMax = 80;

/** Clients that create values and add to them, all at once on the same ones, until the process at the other end is gone or {@link stop}. */
export class CalculatorLoad {
  /** Values that an answer has told of. */
  readonly valueIds: string[] = [];
  readonly #ledger: LedgerOfAttempts;
  readonly #random: SeededRandom;
  readonly #clients: Promise<void>[];
  #stopping = false;
  #thinkMsMax = thinkMsMax;

  private constructor(urls: readonly string[], ledger: LedgerOfAttempts, random: SeededRandom) {
    this.#ledger = ledger;
    this.#random = random;
    this.#clients = Array.from({ length: clientsInAll }, (_, index) => this.#run(urls[index % urls.length] ?? ''));
  }

  /** @param urls of one process, or of several on one log */
  static start(urls: readonly string[], ledger: LedgerOfAttempts, random: SeededRandom): CalculatorLoad {
    return new CalculatorLoad(urls, ledger, random);
  }

  /** Nobody thinks, until {@link calm}: whatever happens next meets many requests in flight. */
  hurry(): void {
    this.#thinkMsMax = 0;
  }

  calm(): void {
    this.#thinkMsMax = thinkMsMax;
  }

  /** Resolves when every client has its last answer, or knows that it will get none. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients);
  }

  async #run(url: string): Promise<void> {
    const client = new HttpClient(url, { connections: 1 });
    let isThere = true;
    while (isThere && !this.#stopping) {
      const operation = this.#next();
      isThere = await this.#ledger.attempt(client, operation);
      if (operation.kind === 'CREATE' && operation.fate === 'acknowledged') this.valueIds.push(operation.valueId ?? '');
      // A client that thinks: the ledger of a thousand kills must fit in memory.
      await pause(this.#random.between(0, this.#thinkMsMax));
    }
    client.close();
  }

  #next(): Operation {
    const random = this.#random;
    const key = random.chance(0.5) ? `key ${random.seed} ${this.#ledger.operations.length}` : undefined;
    const waits = random.chance(0.5);
    if (this.valueIds.length === 0 || random.chance(0.2)) return this.#ledger.begin({ kind: 'CREATE', key, waits });
    return this.#ledger.begin({ kind: 'ADD', key, waits, valueId: random.pick(this.valueIds) });
  }
}

/**
 * Sends again what has a key and an unknown fate, until it is known.
 * @throws Error when the process is gone
 */
export async function retryUnknown(url: string, ledger: LedgerOfAttempts): Promise<void> {
  const client = new HttpClient(url);
  const unknown = ledger.operations.filter(({ fate, key }) => fate === 'unknown' && key !== undefined);
  await Promise.all(
    unknown.map(async (operation) => {
      const isThere = await ledger.attempt(client, operation);
      if (!isThere) throw new Error(`nobody answers at ${url}`);
    }),
  );
  client.close();
}
