import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { z } from 'zod';
import { repositoryRoot } from '../../scripts/process/repository.ts';

const count = z.int().min(0);

export const delayStepMs = 0.1;

const heard = z.object({
  /** What came to a client. */
  arrivals: count,
  /** How often a delay occurred, by steps of {@link delayStepMs}, rounded up. */
  delays: z.record(z.string(), count),
  /** Rows that were not the one after the last. */
  irregular: count,
  /** What had not come to a client in the end, or came after a gap, where nobody can tell what it is. */
  missing: count,
  /** Connections that ended. */
  lost: count,
});

/** What one process of clients reports. */
export type Heard = z.infer<typeof heard>;

/** Tells that all was sent. Times are of {@link monotonicMs}. */
export interface Finale {
  /** From just before its request was sent. */
  readonly sentAtMs: readonly number[];
}

/** A clock that all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Clients of streams, in a process of their own, which ends with this one. */
export class StreamAudience {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
  }

  /**
   * Resolves when all have caught up.
   *
   * @param program of `bench/load`, which calls `runStreamProcess`
   * @param task is handed to it
   * @throws Error when a client cannot
   */
  static async gather(program: string, task: object): Promise<StreamAudience> {
    const path = join(repositoryRoot(), 'bench', 'load', program);
    const args = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', path];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const audience = new StreamAudience(child, createInterface({ input: child.stdout }));
    const caughtUp = audience.#line();
    child.stdin.write(`${JSON.stringify(task)}\n`);
    await caughtUp;
    return audience;
  }

  /** All of them, side by side. @throws Error when one cannot; the others are closed */
  static async gatherAll(program: string, tasks: readonly object[]): Promise<StreamAudience[]> {
    const gathered = await Promise.allSettled(tasks.map((task) => StreamAudience.gather(program, task)));
    const audiences = gathered.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = gathered.find((one) => one.status === 'rejected');
    if (refused === undefined) return audiences;
    await Promise.all(audiences.map((audience) => audience.close()));
    throw refused.reason;
  }

  /** Waits until all changes have come, for some seconds, and tells what was heard. */
  async finish(finale: Finale): Promise<Heard> {
    const line = this.#line();
    this.#child.stdin?.write(`${JSON.stringify(finale)}\n`);
    return heard.parse(JSON.parse(await line));
  }

  /** It may be closed twice. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #line(): Promise<string> {
    const ended = once(this.#lines, 'close').then(() => {
      throw new Error('the clients of the stream have ended');
    });
    const [line]: unknown[] = await Promise.race([once(this.#lines, 'line'), ended]);
    return String(line);
  }
}
