import type { Command } from 'commander';
import { rotateKeys } from '../platform/operations/key.operations';
import { only } from '../platform/operations/operation';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';

const HINT =
  'nothing was wrapped by another key: to change it, put the new one before the present one in DATA_KEY_ENCRYPTION_KEY, start all processes anew, and rotate\n';

export function addKeysCommands(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('the keys of persons');
  addCommand(
    keys,
    'rotate',
    'wrap them by the first key of DATA_KEY_ENCRYPTION_KEY, or by a new one in DATA_DIR',
  ).action(async (options: CommonOptions) => {
    const rotation = await only((await context.operator()).call(rotateKeys, {}));
    const { rewrapped, kek } = rotation;
    print(context, options, rotation, () =>
      rewrapped === 0 ? HINT : `${rewrapped} keys are wrapped anew; all of them by the key-encryption key ${kek}\n`,
    );
  });
}
