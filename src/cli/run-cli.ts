import { Command, CommanderError } from 'commander';
import type { Environment } from '../platform/config/load-settings';
import { SettingsError, type Settings } from '../platform/config/settings';
import type { Operator } from '../platform/operations/operation';
import { operationFailed } from '../platform/operations/operation-failed';
import { addBackupCommands } from './backup.commands';
import type { CliContext } from './cli-context';
import { addConfigCommand } from './config.command';
import { addDeadLetterCommands } from './dead-letters.commands';
import { EXIT, exitCodeOf } from './exit-codes';
import { addKeysCommands } from './keys.commands';
import { addPaymentsCommands } from './payments.commands';
import { addReactionCommands } from './reactions.commands';
import type { Terminal } from './terminal';
import { addCopyCommand } from './topics-copy.command';
import { addPlanCommand } from './topics-plan.command';
import { addTopicCommands } from './topics.commands';
import { addVerifyCommand } from './verify.command';
import { addViewCommands } from './views.commands';

const EPILOGUE = `
The settings are those of the process (see: config). With the embedded log the running process is reached through operator.sock in
DATA_DIR, or, when none runs, the directory is opened; with KAFKA_BROKERS it works from anywhere.

Exit codes: 0 done, 1 something is wrong, 64 usage, 66 no such thing, 69 unavailable, 70 failed, 73 cannot create, 75 not now,
76 other version, 78 settings, 130 interrupted.`;

/** What differs between the real command line and one in a test. */
export interface CliSurroundings {
  readonly terminal: Terminal;
  readonly readSettings: (instead?: Environment) => Settings;
  readonly reach: (settings: Settings, terminal: Terminal) => Promise<Operator>;
}

/**
 * Runs one command to its end. Never throws.
 * @param args as after the program's name
 * @returns the exit code
 */
export async function runCli(args: readonly string[], surroundings: CliSurroundings): Promise<number> {
  const { terminal } = surroundings;
  let exitCode: number = EXIT.OK;
  let settings: Settings | undefined;
  let opened: Promise<Operator> | undefined;
  const read = (instead?: Environment): Settings => {
    return instead === undefined ? (settings ??= surroundings.readSettings()) : surroundings.readSettings(instead);
  };
  const context: CliContext = {
    terminal,
    settings: read,
    operator: () => (opened ??= surroundings.reach(read(), terminal)),
    exitWith: (code) => (exitCode = code),
  };
  try {
    await programOf(context).parseAsync(args, { from: 'user' });
  } catch (error) {
    exitCode = explained(error, terminal);
  } finally {
    const operator = await opened?.catch(() => undefined);
    await operator?.close();
  }
  return exitCode;
}

function programOf(context: CliContext): Command {
  const { write, tell } = context.terminal;
  // Subcommands inherit what is set before they are added.
  const program = new Command('cli')
    .description('Look into a running system, repair it, move it.')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: tell })
    .showHelpAfterError('(add --help for help)')
    .addHelpText('after', EPILOGUE);
  addViewCommands(program, context);
  addDeadLetterCommands(program, context);
  addReactionCommands(program, context);
  const topics = addTopicCommands(program, context);
  addPlanCommand(topics, context);
  addCopyCommand(topics, context);
  addConfigCommand(program, context);
  addVerifyCommand(program, context);
  addPaymentsCommands(program, context);
  addKeysCommands(program, context);
  addBackupCommands(program, context);
  return program;
}

/** Tells the operator in one line why it was not done. */
function explained(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    const isAnswer = ['commander.helpDisplayed', 'commander.version'].includes(error.code);
    return isAnswer ? EXIT.OK : EXIT.USAGE;
  }
  if (error instanceof SettingsError) {
    terminal.tell(error.faults.map((fault) => `SETTINGS: ${fault}\n`).join(''));
    return EXIT.CONFIG;
  }
  const { code, message, cause } = operationFailed(error);
  terminal.tell(`${code}: ${message}\n`);
  if (code === 'FAILED' && cause instanceof Error) terminal.tell(`${cause.stack}\n`);
  return exitCodeOf(code);
}
