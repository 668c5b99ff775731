import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type Database } from '../../scripts/postgres/database.ts';
import { Tether } from '../../scripts/process/tether.ts';
import { AppProcess, type EndedRun, type Settings } from './app-process.ts';
import type { Mode } from './test-modes.ts';

/**
 * An empty place for the product to run in: a data directory; on Kafka also a topic prefix and a database of its own. Several processes
 * may run there: on Kafka each has a data directory of its own.
 */
export class AppSite {
  readonly mode: Mode;
  /** What every process here is started with, without `DATA_DIR`. */
  readonly settings: Settings;
  /** Where the data directories lie. */
  readonly directory: string;
  readonly #database: Database | undefined;
  readonly #tether: Tether;
  readonly #processes: AppProcess[] = [];

  private constructor(mode: Mode, settings: Settings, directory: string, database: Database | undefined) {
    this.mode = mode;
    this.settings = settings;
    this.directory = directory;
    this.#database = database;
    this.#tether = new Tether({ directories: [directory] });
  }

  /**
   * @param servers the Kafka and PostgreSQL to use; by default those that the test run has started
   * @throws Error when Kafka mode is asked for and there is no server
   */
  static async create(mode: Mode, servers: Settings = process.env): Promise<AppSite> {
    const directory = await mkdtemp(join(tmpdir(), 'app-'));
    if (mode === 'embedded') return new AppSite(mode, {}, directory, undefined);
    const { KAFKA_BROKERS, DATABASE_URL } = servers;
    if (KAFKA_BROKERS === undefined || DATABASE_URL === undefined) {
      throw new Error('KAFKA_BROKERS and DATABASE_URL are not set: the test run has started no servers');
    }
    const database = await createDatabase(DATABASE_URL);
    const prefix = `t${randomBytes(4).toString('hex')}.`;
    // All processes of a site wrap the keys of persons by the same one.
    const DATA_KEY_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    const settings = {
      KAFKA_BROKERS,
      KAFKA_TOPIC_PREFIX: prefix,
      DATABASE_URL: database.url,
      DATA_KEY_ENCRYPTION_KEY,
    };
    return new AppSite(mode, settings, directory, database);
  }

  /**
   * Starts a process here and waits until it is ready.
   * @param args of the command line
   * @throws Error with its output when it is not
   */
  async start(overrides: Settings = {}, args: readonly string[] = []): Promise<AppProcess> {
    const app = await AppProcess.start({ ...this.#settingsOfNext(), ...overrides }, args);
    this.#processes.push(app);
    return app;
  }

  /** Starts a process here that is not ready yet. */
  async launch(overrides: Settings = {}): Promise<AppProcess> {
    const app = await AppProcess.begin({ ...this.#settingsOfNext(), ...overrides });
    this.#processes.push(app);
    return app;
  }

  /** Runs a process here that is expected to end by itself. */
  runToEnd(overrides: Settings = {}, options: { within?: number } = {}): Promise<EndedRun> {
    return AppProcess.runToEnd({ ...this.#settingsOfNext(), ...overrides }, options);
  }

  /** Ends all that runs here and removes what it has left. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map((app) => app.close()));
    await this.#database?.drop();
    await this.#tether.close();
  }

  #settingsOfNext(): Settings {
    const name = this.mode === 'embedded' ? 'data' : `data-${this.#processes.length + 1}`;
    return { ...this.settings, DATA_DIR: join(this.directory, name) };
  }
}
