import { randomUUID } from 'node:crypto';
import { outputOf } from '../../scripts/process/run-to-end.ts';
import { pause } from '../../scripts/process/wait.ts';
import type { AppProcess } from './app-process.ts';
import { HttpClient, type HttpAnswer } from './http-client.ts';
import { member } from './ledger-of-attempts.ts';

const betweenLooksMs = 100;
const kilobyte = 1024;

/** What an outage excuses. */
export interface Excuses {
  /** Whether a view may answer 503 `VIEWS_UNAVAILABLE` in place of its rows. */
  readonly views: boolean;
}

/**
 * Readers of a process that are there all the while, through an outage too: of values, of outcomes and of what operators look at. They note
 * every answer that the outage does not excuse, and how much memory the process takes.
 */
export class OutageReaders {
  /** Answers that nobody may get. */
  readonly complaints: string[] = [];
  /** How many answers there were, by status and code. */
  readonly answers: Record<string, number> = {};
  /** Resident memory of the process when the readers came, and the most since; bytes. */
  firstBytes = 0;
  mostBytes = 0;
  readonly #app: AppProcess;
  readonly #excuses: Excuses;
  readonly #client: HttpClient;
  readonly #reading: Promise<void>;
  #isStopping = false;

  private constructor(app: AppProcess, valueIds: readonly string[], excuses: Excuses) {
    this.#app = app;
    this.#excuses = excuses;
    this.#client = new HttpClient(app.url, { connections: 16 });
    this.#reading = this.#run(valueIds);
  }

  /** @param valueIds values that the views show already */
  static start(app: AppProcess, valueIds: readonly string[], excuses: Excuses): OutageReaders {
    return new OutageReaders(app, valueIds, excuses);
  }

  /** Resolves when every reader has its last answer. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#reading;
    this.#client.close();
  }

  async #run(valueIds: readonly string[]): Promise<void> {
    await Promise.all([
      ...valueIds.map((id) => this.#again(() => this.#read(`/values/${id}`, 200))),
      ...valueIds.map((id) => this.#again(() => this.#read(`/values/${id}/history`, 200))),
      this.#again(() => this.#read(`/values/${randomUUID()}`, 404)),
      // Whether there is such a command cannot be told before the view has all that the log holds.
      this.#again(() => this.#read(`/commands/${randomUUID()}`, 404, ['VIEW_BEHIND', 'LOG_UNAVAILABLE'])),
      this.#again(() => this.#read('/health/live', 200)),
      this.#again(() => this.#read('/health/ready', 200, [undefined])),
      this.#again(() => this.#read('/metrics', 200)),
      this.#again(() => this.#weigh()),
    ]);
  }

  async #again(look: () => Promise<void>): Promise<void> {
    while (!this.#isStopping) {
      await look();
      await pause(betweenLooksMs);
    }
  }

  async #read(path: string, expected: number, excused: readonly (string | undefined)[] = []): Promise<void> {
    const answer = await this.#client.send('GET', path).catch((error: unknown) => String(error));
    const told = typeof answer === 'string' ? answer : this.#verdict(path, answer, expected, excused);
    if (told !== undefined) this.complaints.push(`GET ${path}: ${told}`);
  }

  #verdict(path: string, answer: HttpAnswer, expected: number, excused: readonly unknown[]): string | undefined {
    const { status, headers, body } = answer;
    const code = headers['content-type']?.includes('problem+json') ? member(JSON.parse(body), 'code') : undefined;
    const name = [path.split('/')[1], status, ...(typeof code === 'string' ? [code] : [])].join(' ');
    this.answers[name] = (this.answers[name] ?? 0) + 1;
    if (status === expected) return undefined;
    const isExcused = excused.includes(code) || (this.#excuses.views && code === 'VIEWS_UNAVAILABLE');
    if (status !== 503 || !isExcused) return `${status} ${body}`;
    return headers['retry-after'] === undefined ? `${status} ${String(code)} without Retry-After` : undefined;
  }

  async #weigh(): Promise<void> {
    if (!this.#app.running) return;
    const bytes = Number(await outputOf('ps', ['-o', 'rss=', '-p', String(this.#app.pid)])) * kilobyte;
    if (this.firstBytes === 0) this.firstBytes = bytes;
    this.mostBytes = Math.max(this.mostBytes, bytes);
  }
}
