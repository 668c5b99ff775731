import type { Command } from 'commander';
import type { Environment } from '../platform/config/load-settings';
import type { Settings } from '../platform/config/settings';
import type { Operator } from '../platform/operations/operation';
import type { Terminal } from './terminal';

/** What commands stand on. */
export interface CliContext {
  readonly terminal: Terminal;
  /** @param instead what counts instead of the environment. @throws SettingsError */
  readonly settings: (instead?: Environment) => Settings;
  /** Opened by the first command that needs it; closed when the command has ended. @throws OperationFailed */
  readonly operator: () => Promise<Operator>;
  /** Says how the process shall end; 0 unless said. */
  readonly exitWith: (code: number) => void;
}

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: true;
}

/** Adds a command with the options that all have. */
export function addCommand(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option('--json', 'one JSON document instead of text');
}

/** Prints a result: one JSON document for scripts, else what a person reads. */
export function print(context: CliContext, { json }: CommonOptions, result: unknown, text: () => string): void {
  context.terminal.write(json === true ? `${JSON.stringify(result)}\n` : text());
}
