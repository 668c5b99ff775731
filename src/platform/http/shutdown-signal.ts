import { Logger } from '@nestjs/common';

/**
 * Tells open streams and other endless answers that the process is about to stop. Listeners run before the HTTP server waits
 * for the requests in flight; what they leave open is cut at the deadline.
 */
export class ShutdownSignal {
  readonly #listeners = new Set<() => void | Promise<void>>();
  #closing = false;
  #told = false;

  /** The process is stopping: readiness fails and answers close their connections. */
  get closing(): boolean {
    return this.#closing;
  }

  /** From now on {@link closing}; requests and streams are served as before until {@link close}. */
  announce(): void {
    this.#closing = true;
  }

  /** @returns takes the listener away again */
  onClosing(listener: () => void | Promise<void>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs every listener once; a failing one stops no other. */
  async close(): Promise<void> {
    this.announce();
    if (this.#told) {
      return;
    }
    this.#told = true;
    await Promise.all(
      [...this.#listeners].map(async (listener) => {
        try {
          await listener();
        } catch (error) {
          new Logger(ShutdownSignal.name).error(error);
        }
      }),
    );
  }
}
