import { buildProduct } from './product-build.ts';
import startServers, { failRun } from './start-servers.ts';

/** Set-up of a run that starts the product itself: builds it, if it is stale, and starts the servers. */
export default async function buildAndStartServers(): Promise<void> {
  await startServers();
  await buildProduct().catch((error: unknown) => failRun(error));
}
