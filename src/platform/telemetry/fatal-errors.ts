import { Injectable, Logger } from '@nestjs/common';
import { HealthRegistry } from './health-registry';

/** Why a process is ending. */
export interface FatalError {
  readonly part: string;
  readonly error: Error;
}

/**
 * Where a part reports that it has died for good. The process is no longer ready and ends soon, so that it is started anew:
 * a half-dead process would keep its partitions and help nobody.
 */
@Injectable()
export class FatalErrors {
  readonly #logger = new Logger(FatalErrors.name);
  #first: FatalError | undefined;
  #listener: ((failure: FatalError) => void) | undefined;

  constructor(health: HealthRegistry) {
    health.register({
      name: 'process',
      check: () => {
        if (this.#first) {
          throw new Error(`${this.#first.part} has died: ${this.#first.error.message}`);
        }
      },
    });
  }

  /** Reports a death. Only the first one counts; the others are logged. */
  fatal(part: string, error: Error): void {
    this.#logger.fatal(error, `${part} has died`);
    if (!this.#first) {
      this.#first = { part, error };
      this.#listener?.(this.#first);
    }
  }

  /** Called once, at once if it has happened already; for whoever ends the process. */
  onFatal(listener: (failure: FatalError) => void): void {
    this.#listener = listener;
    if (this.#first) {
      listener(this.#first);
    }
  }
}
