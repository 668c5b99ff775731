import type { AddressInfo } from 'node:net';
import { type DynamicModule, Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Surroundings } from './platform/config/load-settings';
import { readEnvironment } from './platform/config/read-environment';
import type { Settings } from './platform/config/settings';
import { createApplication } from './platform/http/application';
import { stopApplication } from './platform/http/graceful-shutdown';
import { startFailure } from './platform/http/start-failure';
import { FatalErrors } from './platform/telemetry/fatal-errors';
import { createLogs, type Logs } from './platform/telemetry/logger';
import { collectIdleGarbage } from './platform/telemetry/idle-garbage';

/** `EX_SOFTWARE` of sysexits.h: a part has died. */
const EXIT_FATAL = 70;
/** From a signal to the end, at most. */
export const SHUTDOWN_MS_MAX = 15_000;
const FATAL_SHUTDOWN_MS_MAX = 5_000;

/** Connections that may wait to be accepted: a client whose first packet is dropped tries again only after a second. */
const BACKLOG = 4_096;

export interface BootstrapOptions {
  readonly modules: (settings: Settings) => DynamicModule[];
  /** Names that `MODULES` and `VIEWS` may hold. */
  readonly known?: Pick<Surroundings, 'modules' | 'views'>;
}

/** Runs the process from its settings to its end: one clear line and an exit code ≠ 0 when it cannot start. */
export async function bootstrap({ modules, known }: BootstrapOptions): Promise<void> {
  let settings: Settings | undefined;
  try {
    settings = readEnvironment({ ...known, simulate: process.argv.includes('--simulate') });
    const logs = createLogs(settings.log);
    const app = await createApplication({ settings, modules: modules(settings), logs });
    endWithProcess(app, logs);
    await app.listen({ port: settings.http.port, host: settings.http.host, backlog: BACKLOG });
    announce(app, settings);
    collectIdleGarbage();
  } catch (error) {
    const { lines, exitCode } = startFailure(error, `${settings?.http.host}:${settings?.http.port}`);
    process.stderr.write(`${lines.join('\n')}\n`);
    process.exit(exitCode);
  }
}

/** Ends the application on a signal, on the death of a part and on an error that nobody caught. */
function endWithProcess(app: NestFastifyApplication, logs: Logs): void {
  const fatalErrors = app.get(FatalErrors);
  let ending = false;
  const end = (exitCode: number, deadlineMs: number): void => {
    if (ending) {
      return;
    }
    ending = true;
    const exit = (code: number): void => {
      logs.flush();
      process.exit(code);
    };
    setTimeout(() => exit(exitCode || EXIT_FATAL), deadlineMs).unref();
    stopApplication(app, { isBroken: exitCode !== 0 }).then(
      () => exit(exitCode),
      (error: unknown) => {
        new Logger('Shutdown').error(error);
        exit(exitCode || EXIT_FATAL);
      },
    );
  };
  for (const [signal, number] of [
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ] as const) {
    process.on(signal, () => {
      if (ending) {
        logs.flush();
        process.exit(128 + number);
      }
      new Logger('Shutdown').log(`${signal}: stopping`);
      end(0, SHUTDOWN_MS_MAX);
    });
  }
  fatalErrors.onFatal(() => end(EXIT_FATAL, FATAL_SHUTDOWN_MS_MAX));
  process.on('uncaughtException', (error) => fatalErrors.fatal('process', error));
}

function announce(app: NestFastifyApplication, settings: Settings): void {
  const address = localUrl(app.getHttpServer().address());
  if (settings.log.format === 'json') {
    new Logger('Application').log(`Listening on ${address}`);
    return;
  }
  process.stdout.write(
    `Listening on ${address}; the API is described at ${address}/docs. Try:\n` +
      `  curl -d '{"value": 2}' -H 'Content-Type: application/json' ${address}/values\n`,
  );
}

function localUrl(address: string | AddressInfo | null): string {
  if (address === null || typeof address === 'string') {
    return String(address);
  }
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
