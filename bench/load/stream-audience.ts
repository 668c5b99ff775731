import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { z } from 'zod';
import { repositoryRoot } from '../../scripts/process/repository.ts';

const count = z.int().min(0);

export const delayStepMs = 0.1;

const heard = z.object({
  /** Changes that came to a client. */
  arrivals: count,
  /** How often a delay occurred, by steps of {@link delayStepMs}, rounded up. */
  delays: z.record(z.string(), count),
  /** Rows that were not the one after the last. */
  irregular: count,
  /** Changes that had not come to a client in the end, or came after a gap, where nobody can tell which one it is. */
  missing: count,
  /** Connections that ended. */
  lost: count,
});

/** What one process of clients reports. */
export type Heard = z.infer<typeof heard>;

/** Tells the clients that all was sent. Times are of {@link monotonicMs}. */
export interface Finale {
  /** By change, from just before its request was sent. */
  readonly sentAtMs: readonly number[];
}

/** A clock that all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Where the clients look, how many they are, and how many changes they will see. */
export interface AudienceOptions {
  readonly port: number;
  readonly path: string;
  readonly clients: number;
  readonly changes: number;
}

/** Clients of one stream, in a process of their own, which ends with this one. */
export class StreamAudience {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
  }

  /** Resolves when all have caught up. @throws Error when one cannot */
  static async gather({ port, path, clients, changes }: AudienceOptions): Promise<StreamAudience> {
    const program = join(repositoryRoot(), 'bench', 'load', 'stream-clients.ts');
    const args = [program, String(port), path, String(clients), String(changes)];
    const options = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
    const child = spawn(process.execPath, [...options, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const audience = new StreamAudience(child, createInterface({ input: child.stdout }));
    await audience.#line();
    return audience;
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
