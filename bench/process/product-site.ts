import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '../../scripts/process/ports.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';
import { productMain } from '../../test/support/product-build.ts';
import { BenchProcess } from './bench-process.ts';

/** A directory and settings with which the built product is started, stopped and started again. */
export class ProductSite {
  /** It has a log of its own and nothing else. */
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;
  #process: BenchProcess | undefined;

  private constructor(directory: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#env = env;
  }

  /**
   * @param directory that is not there yet
   * @param settings beside those that every process of a benchmark has
   */
  static async make(directory: string, settings: Readonly<Record<string, string>> = {}): Promise<ProductSite> {
    await mkdir(directory);
    return new ProductSite(directory, { DATA_DIR: join(directory, 'data'), LOG_FORMAT: 'json', ...settings });
  }

  /** Starts it, or another program made of it; stop the one before first. */
  async start(entry = productMain()): Promise<BenchProcess> {
    this.#process = BenchProcess.start({
      entry,
      port: await freePort(),
      env: this.#env,
      logFile: join(this.#directory, 'log.json'),
      cwd: this.#directory,
    });
    return this.#process;
  }

  /** Ends the process in order, when there is one. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /**
   * Uses the command line as an operator does, from the same directory with the same settings.
   * @returns what it printed
   * @throws Error with that, when it ended with another code than 0
   */
  cli(args: readonly string[]): Promise<string> {
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { PATH, HOME, TMPDIR, ...this.#env };
    const program = join(dirname(productMain()), 'cli', 'main.js');
    return runToEnd(process.execPath, [program, ...args], { cwd: this.#directory, env });
  }

  /** The disk is gone. Stop the process first. */
  async loseData(): Promise<void> {
    await rm(join(this.#directory, 'data'), { recursive: true });
  }

  /** Ends the process and removes everything. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
