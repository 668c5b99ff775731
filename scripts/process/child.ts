import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import type { Tether } from './tether.ts';
import { waitUntil } from './wait.ts';

/** How a process ended: an exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What to start. `env` is the whole environment of the child, nothing is inherited beside it. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly tether: Tether;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
}

const outputBytesKept = 200_000;

/** A child process that can be stopped, killed, frozen and read, and that does not outlive this process. */
export class Child {
  readonly pid: number;
  /** Resolves when the process has ended and its output was read. Never rejects. */
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #output = '';
  #exit: Exit | undefined;

  private constructor(process: ChildProcess, pid: number, tether: Tether) {
    this.#process = process;
    this.pid = pid;
    process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    tether.hold(pid);
    process.once('exit', () => tether.release());
    this.exited = new Promise((resolve) => {
      // A grandchild that holds the pipe open must not hold us: 'close' is waited for, but not for long after 'exit'.
      const settle = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#exit ??= { code, signal };
        resolve(this.#exit);
      };
      process.once('close', settle);
      process.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        setTimeout(settle, 500, code, signal).unref();
      });
    });
  }

  /** @throws Error when the program cannot be started */
  static async start({ command, args, tether, cwd, env, user }: ChildOptions): Promise<Child> {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own group: Ctrl-C in a terminal reaches us alone, and we end it in order.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...user,
    });
    if (child.pid === undefined) {
      const [error] = await once(child, 'error');
      throw new Error(`cannot start ${command}`, { cause: error });
    }
    child.on('error', () => undefined);
    return new Child(child, child.pid, tether);
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** The last part of what it printed, both streams in the order they came. */
  get output(): string {
    return this.#output;
  }

  /** `SIGSTOP`: it lives, keeps its connections and does nothing. Resolves when it has stopped, which takes a moment under load. */
  async freeze(): Promise<void> {
    this.#process.kill('SIGSTOP');
    await waitUntil(() => isStopped(this.pid), { withinMs: 10_000, what: `process ${this.pid} stopped` });
  }

  /** `SIGCONT` after {@link freeze}. */
  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  async kill9(): Promise<void> {
    if (this.running) this.#process.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to end, and kills it when it has not after `graceMs`. */
  async terminate({ graceMs, signal = 'SIGTERM' }: { graceMs: number; signal?: NodeJS.Signals }): Promise<Exit> {
    if (this.running) {
      this.#process.kill(signal);
      this.#process.kill('SIGCONT');
    }
    const patience = setTimeout(() => void this.kill9(), graceMs);
    const exit = await this.exited;
    clearTimeout(patience);
    return exit;
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-outputBytesKept);
  }
}

/** Where the system does not tell, the signal is taken to have worked. */
function isStopped(pid: number): boolean {
  if (platform() !== 'linux') return true;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The state follows the program's name, which stands in brackets and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
