import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type Exit } from '../../scripts/process/child.ts';
import { freePort } from '../../scripts/process/ports.ts';
import { Tether } from '../../scripts/process/tether.ts';
import { GiveUp, waitUntil } from '../../scripts/process/wait.ts';
import { productMain } from './product-build.ts';

/** Settings of the product by the names of their environment variables; `undefined` leaves one out. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** How a run of the product ended, with all that it printed. */
export interface EndedRun extends Exit {
  readonly output: string;
}

const readyWithinMs = 30_000;
const endWithinMs = 15_000;

/** The built product as a running process of its own, which dies with this one. */
export class AppProcess {
  /** `http://127.0.0.1:port`, the same after {@link restart}. */
  readonly url: string;
  readonly dataDirectory: string;
  readonly #settings: Settings;
  readonly #args: readonly string[];
  readonly #tether = new Tether();
  #child: Child | undefined;

  private constructor(settings: Settings, args: readonly string[], port: number, dataDirectory: string) {
    this.#settings = settings;
    this.#args = args;
    this.url = `http://127.0.0.1:${port}`;
    this.dataDirectory = dataDirectory;
  }

  /**
   * Starts the product and waits until `/health/ready` answers 200.
   * @param settings must hold `DATA_DIR`; the port is chosen here unless it is given
   * @param args of the command line
   * @throws Error with the product's output when it ends or is not ready within 30 s
   */
  static async start(settings: Settings, args: readonly string[] = []): Promise<AppProcess> {
    const app = await AppProcess.begin(settings, args);
    try {
      await app.ready();
    } catch (error) {
      await app.close();
      throw error;
    }
    return app;
  }

  /** As {@link start}, but does not wait until it is ready. */
  static async begin(settings: Settings, args: readonly string[] = []): Promise<AppProcess> {
    const { DATA_DIR: dataDirectory, PORT: givenPort } = settings;
    if (dataDirectory === undefined) throw new Error('DATA_DIR is missing');
    const port = givenPort === undefined ? await freePort() : Number(givenPort);
    const app = new AppProcess({ HOST: '127.0.0.1', ...settings, PORT: String(port) }, args, port, dataDirectory);
    try {
      await app.launch();
    } catch (error) {
      await app.close();
      throw error;
    }
    return app;
  }

  /** Runs the product with settings that make it end by itself, and tells how it ended. Kills it after `within` milliseconds. */
  static async runToEnd(settings: Settings, { within = endWithinMs }: { within?: number } = {}): Promise<EndedRun> {
    const tether = new Tether();
    try {
      const child = await launch(settings, tether);
      const patience = setTimeout(() => void child.kill9(), within);
      const exit = await child.exited;
      clearTimeout(patience);
      return { ...exit, output: child.output };
    } finally {
      await tether.close();
    }
  }

  get pid(): number {
    return this.#running().pid;
  }

  /** Everything this process has printed since its last start. */
  get output(): string {
    return this.#child?.output ?? '';
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /** Starts it again after {@link kill9} or {@link terminate}, on the same port and data, and waits until it is ready. */
  async restart(overrides: Settings = {}): Promise<void> {
    if (this.running) throw new Error('the product still runs');
    await this.launch(overrides);
    await this.ready();
  }

  /** As {@link restart}, but does not wait until it is ready. */
  async launch(overrides: Settings = {}): Promise<void> {
    this.#child = await launch({ ...this.#settings, ...overrides }, this.#tether, this.#args);
  }

  /** Waits until `/health/ready` answers 200. */
  async ready({ within = readyWithinMs }: { within?: number } = {}): Promise<void> {
    const child = this.#running();
    try {
      await waitUntil(
        async () => {
          if (!child.running) throw new GiveUp('the product ended');
          const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
          await answer.arrayBuffer();
          return answer.status === 200;
        },
        { withinMs: within, what: `ready at ${this.url}` },
      );
    } catch (error) {
      const exit = child.running ? 'it still runs' : JSON.stringify(await child.exited);
      throw new Error(`the product is not ready (${exit}); it printed:\n${child.output}`, { cause: error });
    }
  }

  /** Ends it as a crash of the machine would: no handler runs. */
  async kill9(): Promise<void> {
    await this.#child?.kill9();
  }

  /** Sends SIGTERM and tells how it ended; kills it when it takes longer than `within` milliseconds. */
  async terminate({ within = endWithinMs }: { within?: number } = {}): Promise<Exit> {
    return this.#running().terminate({ graceMs: within });
  }

  /** Stops it in its tracks, sockets open, as a long pause of a virtual machine does, until {@link resume}. */
  async pause(): Promise<void> {
    await this.#running().freeze();
  }

  resume(): void {
    this.#running().thaw();
  }

  /** Resolves when the process ends, by whatever cause. */
  exited(): Promise<Exit> {
    return this.#running().exited;
  }

  /** Kills it if it runs, and frees what this object holds. */
  async close(): Promise<void> {
    await this.kill9();
    await this.#tether.close();
  }

  #running(): Child {
    if (this.#child === undefined) throw new Error('the product was not started');
    return this.#child;
  }
}

async function launch(settings: Settings, tether: Tether, args: readonly string[] = []): Promise<Child> {
  const { DATA_DIR: dataDirectory = '.' } = settings;
  // Started beside its data, where no `.env` of a developer lies; nothing of our own environment reaches it but what a program needs.
  const place = join(dataDirectory, '..');
  await mkdir(place, { recursive: true });
  const { PATH, HOME, TMPDIR } = process.env;
  const env = Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR, LOG_FORMAT: 'json', ...settings }).filter(([, value]) => value !== undefined),
  );
  return Child.start({ command: process.execPath, args: [productMain(), ...args], tether, cwd: place, env });
}
