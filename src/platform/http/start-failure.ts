import { SettingsError } from '../config/settings';
import { LogSetupError } from '../log/log.port';

/** What an operator is told when the process cannot start. */
export interface StartFailure {
  readonly lines: readonly string[];
  /** ≠ 0. */
  readonly exitCode: number;
}

/**
 * One clear line `CODE: message` per fault; an error that nobody foresaw shows its stack as well.
 *
 * @param address that the process was to listen on
 */
export function startFailure(error: unknown, address: string): StartFailure {
  if (error instanceof SettingsError) {
    return { lines: error.faults.map((fault) => `SETTINGS: ${fault}`), exitCode: error.exitCode };
  }
  if (error instanceof LogSetupError) {
    return { lines: [`${error.code}: ${error.message}`], exitCode: 1 };
  }
  if (!(error instanceof Error)) {
    return { lines: [`START_FAILED: ${String(error)}`], exitCode: 1 };
  }
  if ('syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')) {
    return { lines: [listenFailure('code' in error ? error.code : undefined, address)], exitCode: 1 };
  }
  // Parts have errors of their own that say all there is to say: a code of ours and a message.
  if ('code' in error && typeof error.code === 'string' && /^[A-Z]+(_[A-Z]+)+$/.test(error.code)) {
    const foreign = error.code.startsWith('ERR_') || error.code.startsWith('FST_');
    return { lines: [`${error.code}: ${error.message}`, ...(foreign ? [String(error.stack)] : [])], exitCode: 1 };
  }
  return { lines: [`START_FAILED: ${error.message}`, String(error.stack)], exitCode: 1 };
}

function listenFailure(code: unknown, address: string): string {
  return code === 'EADDRINUSE'
    ? `PORT_IN_USE: another process listens on ${address}`
    : `ADDRESS_UNAVAILABLE: ${address} cannot be listened on (${String(code)})`;
}
