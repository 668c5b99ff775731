import type { Command } from 'commander';
import { describeEnvironment } from '../platform/config/read-environment';
import { SettingsError } from '../platform/config/settings';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { EXIT } from './exit-codes';
import { table } from './table';

export function addConfigCommand(program: Command, context: CliContext): void {
  addCommand(program, 'config', 'every setting: value (secrets masked), source, meaning; and what is wrong').action(
    (options: CommonOptions) => {
      const settings = describeEnvironment();
      const faults = faultsOf(context);
      print(context, options, { settings, faults }, () =>
        table(
          ['setting', 'value', 'source', 'meaning'],
          settings.map(({ name, value, source, meaning }) => [name, value, source, meaning]),
        ),
      );
      if (faults.length === 0) return;
      if (options.json !== true) context.terminal.tell(faults.map((fault) => `SETTINGS: ${fault}\n`).join(''));
      context.exitWith(EXIT.CONFIG);
    },
  );
}

function faultsOf({ settings }: CliContext): readonly string[] {
  try {
    settings();
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
}
