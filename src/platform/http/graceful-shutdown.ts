import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ShutdownSignal } from './shutdown-signal';

/** Requests in flight may take so long to end. */
const DRAIN_MS_MAX = 5_000;

/**
 * Stops in order: readiness fails and streams end, no connection is accepted any more, requests in flight end within a bound,
 * then the parts close (`OnApplicationShutdown`).
 */
export async function stopApplication(app: NestFastifyApplication, drainMsMax = DRAIN_MS_MAX): Promise<void> {
  await app.get(ShutdownSignal).close();
  const server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), drainMsMax);
  // A connection whose last answer is on its way turns idle only when the client has read it.
  const reap = setInterval(() => server.closeIdleConnections(), 100);
  try {
    await app.getHttpAdapter().getInstance().close();
  } finally {
    clearTimeout(cut);
    clearInterval(reap);
  }
  await app.close();
}
