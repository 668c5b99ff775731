import { Child, type ChildOptions } from './child.ts';
import { GiveUp, waitUntil } from './wait.ts';

/** A running server that belongs to this process and dies with it. */
export interface LocalServer {
  /** Starts it again at the same place with the same data, after {@link stop} or {@link kill9}, and waits until it serves. */
  start(): Promise<void>;
  /** Ends it in order; the data stay. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Stops it in its tracks, with all connections open, until {@link thaw}. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends it for good; its data go, unless they are in a directory that the caller named. */
  close(): Promise<void>;
}

const readyWithinMs = 60_000;
const stopWithinMs = 20_000;

/** A server that is a child process. */
export abstract class ChildServer implements LocalServer {
  readonly #what: string;
  readonly #stopSignal: NodeJS.Signals;
  #child: Child | undefined;

  /** @param what name for messages */
  constructor(what: string, stopSignal: NodeJS.Signals = 'SIGTERM') {
    this.#what = what;
    this.#stopSignal = stopSignal;
  }

  /** What to start. */
  protected abstract command(): Promise<ChildOptions>;

  /** Whether it answers. A rejection counts as "not yet". */
  protected abstract serves(): Promise<boolean>;

  abstract close(): Promise<void>;

  /** Of the main process, while it runs. */
  protected get pid(): number | undefined {
    return this.#child?.running === true ? this.#child.pid : undefined;
  }

  async start(): Promise<void> {
    if (this.#child?.running === true) return;
    const child = await Child.start(await this.command());
    this.#child = child;
    await waitUntil(
      () => {
        if (!child.running) throw new GiveUp(`${this.#what} ended while starting:\n${child.output.slice(-4_000)}`);
        return this.serves();
      },
      { withinMs: readyWithinMs, what: this.#what },
    );
  }

  async stop(): Promise<void> {
    await this.#child?.terminate({ graceMs: stopWithinMs, signal: this.#stopSignal });
  }

  async kill9(): Promise<void> {
    await this.#child?.kill9();
  }

  async freeze(): Promise<void> {
    await this.#child?.freeze();
  }

  async thaw(): Promise<void> {
    this.#child?.thaw();
  }
}
