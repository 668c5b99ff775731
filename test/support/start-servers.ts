import { provideServers, type Servers } from '../../scripts/servers.ts';
import { testModes } from './test-modes.ts';

declare global {
  // Shared by the set-up and the tear-down of one run; each is a module of its own.
  var runningServers: Servers | undefined;
}

/** Set-up of a run that needs servers: starts what the modes need and tells the tests by `KAFKA_BROKERS` and `DATABASE_URL`. */
export default async function startServers(): Promise<void> {
  if (globalThis.runningServers !== undefined || !testModes().includes('kafka')) return;
  const servers = await provideServers().catch((error: unknown) => failRun(error));
  globalThis.runningServers = servers;
  process.env['KAFKA_BROKERS'] = servers.kafkaBrokers;
  process.env['DATABASE_URL'] = servers.databaseUrl;
}

/** A run that cannot begin has its summary line too; the reporter is not there yet. */
export function failRun(error: unknown): never {
  process.stdout.write('0 passed, 1 failed\n');
  throw error;
}
