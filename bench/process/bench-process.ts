import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { outputOf } from '../../scripts/process/run-to-end.ts';
import { Tether } from '../../scripts/process/tether.ts';
import { GiveUp, pause, waitUntil } from '../../scripts/process/wait.ts';

/** What to start. Of our own environment it gets what a program needs, and nothing else. */
export interface ProcessOptions {
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  /** Both output streams go here: a file costs the process less than a pipe that we would have to empty. */
  readonly logFile: string;
  readonly cwd: string;
}

const readyWithinMs = 60_000;
const stopWithinMs = 20_000;
const logEndBytes = 4_000;
/** How often a process is asked whether it is ready: the precision of the time to ready. */
const readyPollMs = 5;
/** Of `/proc/<pid>/stat` on every Linux that Node runs on. */
const clockTicksPerSecond = 100;

/** A Node process under measurement; it does not outlive this one. */
export class BenchProcess {
  readonly port: number;
  readonly logFile: string;
  readonly #startedAtMs: number;
  readonly #child: ChildProcess;
  readonly #tether = new Tether();

  private constructor(options: ProcessOptions) {
    this.port = options.port;
    this.logFile = options.logFile;
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { PATH, HOME, TMPDIR, PORT: String(options.port), ...options.env };
    const output = openSync(options.logFile, 'w');
    this.#startedAtMs = performance.now();
    this.#child = spawn(process.execPath, [options.entry], {
      cwd: options.cwd,
      env,
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    if (this.#child.pid !== undefined) this.#tether.hold(this.#child.pid);
    this.#child.once('exit', () => this.#tether.release());
    this.#child.once('error', () => undefined);
  }

  static start(options: ProcessOptions): BenchProcess {
    return new BenchProcess(options);
  }

  /** Milliseconds since it was spawned. */
  get ageMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /**
   * Asks for a page until it is answered with 200.
   * @param withinMs a minute, unless it may take longer
   * @returns milliseconds since the process was spawned
   * @throws Error with the end of its output when it ends or takes longer than that
   */
  async ready(path = '/health/ready', withinMs = readyWithinMs): Promise<number> {
    const deadline = this.#startedAtMs + withinMs;
    for (;;) {
      if ((await statusOf(this.port, path)) === 200) return this.ageMs;
      if (this.#ended || performance.now() > deadline) throw new Error(`not ready:\n${await this.logEnd()}`);
      await pause(readyPollMs);
    }
  }

  /**
   * Waits until the probe answers true.
   * @param withinMs a minute, unless it may take longer
   * @throws Error with the end of its output when the process ends or the time is up
   */
  async until(what: string, probe: () => Promise<boolean>, withinMs = readyWithinMs): Promise<void> {
    const alive = async (): Promise<boolean> => {
      if (this.#ended) throw new GiveUp(`the process ended:\n${await this.logEnd()}`);
      return probe();
    };
    await waitUntil(alive, { withinMs, what });
  }

  /** Processor time of all its threads since its start; undefined where the system does not tell. */
  async cpuSeconds(): Promise<number | undefined> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8').catch(() => undefined);
    // The fields are counted after the program's name, which stands in brackets and may hold anything.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields && (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
  }

  /** Resident memory. @throws Error where the system does not tell */
  async residentMegabytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8').catch(() => '');
    const kilobytes =
      /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? (await outputOf('ps', ['-o', 'rss=', '-p', String(this.#child.pid)]));
    if (kilobytes === undefined) throw new Error('this system does not tell how much memory a process uses');
    return Math.round((Number(kilobytes) * 1024) / 100_000) / 10;
  }

  /** Not all of it is read: after a million requests it is larger than a string can be. */
  async logEnd(): Promise<string> {
    const file = await open(this.logFile);
    try {
      const { size } = await file.stat();
      const position = Math.max(0, size - logEndBytes);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(logEndBytes), position });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Ends it in order, and kills it when that takes too long. */
  async stop(): Promise<void> {
    if (!this.#ended) {
      const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      this.#child.kill('SIGTERM');
      const patience = setTimeout(() => this.#child.kill('SIGKILL'), stopWithinMs);
      await exited;
      clearTimeout(patience);
    }
    await this.#tether.close();
  }

  get #ended(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** Undefined when nobody listens. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get({ port, path, host: '127.0.0.1', agent: false, timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
