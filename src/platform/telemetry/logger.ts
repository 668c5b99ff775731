import type { LoggerService } from '@nestjs/common';
import { Logger as NestPinoLogger, PinoLogger } from 'nestjs-pino';
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../config/settings';
import { requestContext } from '../http/request-context';
import { LineBuffer } from './line-buffer';

/** One answered request, as logged. */
export interface RequestLine {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly correlationId: string;
  /** Of the problem that was answered. */
  readonly code: string | undefined;
  /** The client went away before its answer was written. */
  readonly aborted: boolean;
}

/** The logs of a process: for Nest's `Logger` everywhere, and for the lines about requests. */
export interface Logs {
  /** Give it to Nest; adds the correlation id of the request that caused a line. */
  readonly nest: LoggerService;
  /** Writes a line about a request at `info`; absent when the level leaves it out. */
  readonly request?: (line: RequestLine) => void;
  /** Writes what is still in memory; call it before the process ends. */
  readonly flush: () => void;
}

/** @param stream where lines go; default: standard output */
export function createLogs({ level, format }: Settings['log'], stream?: DestinationStream): Logs {
  const buffer = stream || format === 'pretty' ? undefined : new LineBuffer();
  const output = stream ?? buffer ?? prettyOutput();
  const root = pino(
    {
      level,
      base: null,
      formatters: { level: (label: string) => ({ level: label }) },
      mixin: () => requestContext.getStore() ?? {},
    },
    output,
  );
  return {
    nest: new NestLogger(root),
    ...(root.isLevelEnabled('info') && { request: (line) => output.write(requestJson(line)) }),
    flush: () => buffer?.flushSync(),
  };
}

/** Written for every request, so by hand: pino would take eight times as long. Only the path can hold what needs escaping. */
function requestJson({ method, path, status, ms, correlationId, code, aborted }: RequestLine): string {
  return (
    `{"level":"info","time":${Date.now()},"context":"Request","method":"${method}","path":${JSON.stringify(path)},` +
    `"status":${status},"ms":${ms.toFixed(3)},"correlationId":"${correlationId}",` +
    `${code === undefined ? '' : `"code":"${code}",`}${aborted ? '"aborted":true,' : ''}"msg":"${method} ${status}"}\n`
  );
}

function prettyOutput(): DestinationStream {
  return pretty({
    sync: true,
    ignore: 'context,method,status',
    messageFormat: '{context}: {msg}',
    singleLine: true,
  });
}

/** What Nest itself tells at the start: every module and route. */
const startupContexts = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Where Nest itself tells that the start failed. */
const startFailureContexts = new Set(['ExceptionHandler', 'NestApplication']);

/** Nest's logger on pino, quieter at the start. */
class NestLogger extends NestPinoLogger {
  constructor(logger: Logger) {
    const params = { pinoHttp: { logger } };
    super(new PinoLogger(params), params);
  }

  override log(message: unknown, ...optional: unknown[]): void {
    if (startupContexts.has(String(optional.at(-1)))) {
      super.debug(message, ...optional);
    } else {
      super.log(message, ...optional);
    }
  }

  /** What fails the start is told in one line when the process ends; Nest would tell it with a trace as well. */
  override error(message: unknown, ...optional: unknown[]): void {
    if (!startFailureContexts.has(String(optional.at(-1)))) {
      super.error(message, ...optional);
    }
  }
}
