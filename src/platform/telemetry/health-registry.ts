import { Injectable } from '@nestjs/common';

/** JSON-safe facts about a part for whoever operates the process. */
export type HealthDetails = Readonly<Record<string, unknown>>;

/** A part without which the process cannot do its work. */
export interface HealthCheck {
  /** Unique, lower case: `log`, `views`. */
  readonly name: string;
  /** Details when ready. Throws when not; the error's message is shown. Must be cheap: probes ask every few seconds. */
  check(): HealthDetails | undefined | void | Promise<HealthDetails | undefined | void>;
}

export interface PartHealth {
  readonly status: 'ok' | 'failed';
  readonly reason?: string;
  readonly details?: HealthDetails;
}

/** Body of `/health/ready`. */
export interface Readiness {
  readonly status: 'ok' | 'unavailable';
  readonly parts: Readonly<Record<string, PartHealth>>;
}

/** A check that does not answer in time has failed. */
const CHECK_TIMEOUT_MS = 2000;

/** What must be well for this process to be given work. */
@Injectable()
export class HealthRegistry {
  readonly #checks = new Map<string, HealthCheck>();

  /**
   * Adds a part; call it while the module is built, so that the process is not ready before the part is.
   * @throws Error when the name is taken
   */
  register(check: HealthCheck): void {
    if (this.#checks.has(check.name)) {
      throw new Error(`The health check ${check.name} is registered twice`);
    }
    this.#checks.set(check.name, check);
  }

  /** Asks every part, all at once. Never throws. */
  async readiness(): Promise<Readiness> {
    const parts = await Promise.all(
      [...this.#checks.values()].map(async (check) => [check.name, await healthOf(check)] as const),
    );
    const ready = parts.every(([, { status }]) => status === 'ok');
    return { status: ready ? 'ok' : 'unavailable', parts: Object.fromEntries(parts) };
  }
}

async function healthOf(check: HealthCheck): Promise<PartHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    const details = await Promise.race([Promise.resolve().then(() => check.check()), late]);
    return details ? { status: 'ok', details } : { status: 'ok' };
  } catch (error) {
    return { status: 'failed', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
