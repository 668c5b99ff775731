import { loadSettings } from '../../platform/config/load-settings';
import type { Log } from '../../platform/log/log.port';
import { MemoryLog } from '../../platform/log/testing/memory-log';
import { MemoryDeadLetters, MemoryViews } from '../../platform/operations/testing/memory-operations';
import { LocalOperator } from '../../platform/operations/local-operator';
import type { Operator } from '../../platform/operations/operation';
import type { OperatorServices } from '../../platform/operations/operator-services';
import { runCli } from '../run-cli';

/** What a command has printed, and how it ended. */
export interface CliRun {
  readonly code: number;
  readonly output: string;
  readonly told: string;
}

export interface CliWorld {
  /** Default: an empty one. */
  readonly log?: Log;
  readonly services?: Partial<OperatorServices>;
  readonly operator?: Operator;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isInteractive?: boolean;
  readonly interrupted?: AbortSignal;
  /** Told of what goes to standard error, as it goes there. */
  readonly heard?: (text: string) => void;
}

/** Runs a command in this process, on what the world holds. */
export async function runCommand(line: string, world: CliWorld = {}): Promise<CliRun> {
  let output = '';
  let told = '';
  const log = world.log ?? new MemoryLog();
  const nothing = { views: new MemoryViews([]), deadLetters: new MemoryDeadLetters([]) };
  const services: OperatorServices = { log, topics: [], ...nothing, ...world.services };
  const code = await runCli(line.split(' '), {
    terminal: {
      write: (text) => (output += text),
      tell: (text) => {
        told += text;
        world.heard?.(text);
      },
      isInteractive: world.isInteractive ?? false,
      interrupted: world.interrupted ?? new AbortController().signal,
    },
    readSettings: (instead) => loadSettings({ ...world.environment, ...instead }),
    reach: async () => world.operator ?? new LocalOperator('kafka', services, async () => undefined),
  });
  return { code, output, told };
}
