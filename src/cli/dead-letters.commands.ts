import type { Command } from 'commander';
import {
  dropDeadLetter,
  listDeadLetters,
  retryDeadLetter,
  showDeadLetter,
} from '../platform/operations/dead-letter.operations';
import { only } from '../platform/operations/operation';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { readableJson } from './readable-json';
import { shortened, table } from './table';

const CAUSE_LENGTH_MAX = 80;

export function addDeadLetterCommands(program: Command, context: CliContext): void {
  const letters = program.command('dead-letters').description('records that a consumer could not take');
  addCommand(letters, 'list', 'what is parked, and how much waits behind it').action(async (options: CommonOptions) => {
    const found = await only((await context.operator()).call(listDeadLetters, {}));
    print(context, options, found, () =>
      table(
        ['id', 'key', 'parked at', 'behind', 'cause'],
        found.map(({ id, key, parkedAt, behind, cause }) => {
          return [id, key ?? '', parkedAt, behind, shortened(cause, CAUSE_LENGTH_MAX)];
        }),
      ),
    );
  });
  addCommand(letters, 'show <id>', 'one parked record, with headers and value').action(
    async (id: string, options: CommonOptions) => {
      const found = await only((await context.operator()).call(showDeadLetter, { id }));
      const readable = { ...found, value: readableJson(found.value) };
      print(context, options, readable, () => `${JSON.stringify(readable, undefined, 2)}\n`);
    },
  );
  addCommand(letters, 'retry <id>', 'hand it to its consumer once more').action(
    async (id: string, options: CommonOptions) => {
      await only((await context.operator()).call(retryDeadLetter, { id }));
      print(context, options, { id, retried: true }, () => `${id} is retried\n`);
    },
  );
  addCommand(letters, 'drop <id>', 'give it up; what waits behind it goes on').action(
    async (id: string, options: CommonOptions) => {
      await only((await context.operator()).call(dropDeadLetter, { id }));
      print(context, options, { id, dropped: true }, () => `${id} is dropped\n`);
    },
  );
}
