import type { FastifyRequest } from 'fastify';

/** So many answers of "ready" say that somebody keeps asking; a single one is a script that waited for the start. */
const READY_ANSWERS_MIN = 2;
/** Who has not asked for so long watches no more. */
const WATCH_MS = 60_000;
/** Without a request for so long, the balancer has stopped sending. */
const QUIET_MS = 1_000;
/** A balancer that goes on sending is not waited for longer. */
const GRACE_MS_MAX = 3_000;
const LOOK_MS = 50;

/**
 * Knows whether a load balancer watches this process, by the readiness that somebody asks for, and when it sends no more. A process
 * that closes its port before the balancer has noticed breaks the connections on which requests are on their way.
 */
export class BalancerWatch {
  private readyAnswers = 0;
  private probedAt = -Infinity;
  private requestedAt = -Infinity;
  private toldAt: number | undefined;

  /** A request came that is no probe. */
  requested(): void {
    this.requestedAt = performance.now();
  }

  /** Somebody was told the readiness. */
  probed(isReady: boolean): void {
    this.probedAt = performance.now();
    if (isReady) this.readyAnswers++;
    else this.toldAt ??= this.probedAt;
  }

  /** Resolves when the balancer knows that this process is not ready and sends no more; at once when nobody watches; after 3 s at the latest. */
  async untilUnused(): Promise<void> {
    const begunAt = performance.now();
    if (this.readyAnswers < READY_ANSWERS_MIN || begunAt - this.probedAt > WATCH_MS) return;
    this.toldAt = undefined;
    while (performance.now() - begunAt < GRACE_MS_MAX && !this.isUnused()) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  private isUnused(): boolean {
    return this.toldAt !== undefined && performance.now() - Math.max(this.toldAt, this.requestedAt) >= QUIET_MS;
  }
}

/** Whether it comes from who operates the process, and not from a client. */
export function isProbe({ routeOptions: { url } }: FastifyRequest): boolean {
  return url === '/metrics' || (url?.startsWith('/health/') ?? false);
}
