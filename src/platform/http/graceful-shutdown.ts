import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BalancerWatch } from './balancer-watch';
import { ShutdownSignal } from './shutdown-signal';

/** From the signal on, requests in flight may take so long to end. */
const DRAIN_MS_MAX = 5_000;

export interface StopOptions {
  /** Default 5 s. */
  readonly drainMsMax?: number;
  /** Nothing is waited for: a part has died, and what is asked may be answered wrong. */
  readonly isBroken?: boolean;
}

/**
 * Stops in order: readiness fails and every answer closes its connection, while the process goes on serving until the balancer
 * sends no more; streams end; no connection is accepted any more; requests in flight end within a bound; then the parts close
 * (`OnApplicationShutdown`).
 */
export async function stopApplication(app: NestFastifyApplication, options: StopOptions = {}): Promise<void> {
  const { drainMsMax = DRAIN_MS_MAX, isBroken = false } = options;
  const shutdown = app.get(ShutdownSignal);
  const server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), drainMsMax);
  let reap: NodeJS.Timeout | undefined;
  try {
    shutdown.announce();
    if (!isBroken) await app.get(BalancerWatch).untilUnused();
    await shutdown.close();
    // A connection whose last answer is on its way turns idle only when the client has read it.
    reap = setInterval(() => server.closeIdleConnections(), 100);
    await app.getHttpAdapter().getInstance().close();
  } finally {
    clearTimeout(cut);
    clearInterval(reap);
  }
  await app.close();
}
