import { Option, type Command } from 'commander';
import { only } from '../platform/operations/operation';
import { beginReaction, listReactions } from '../platform/operations/reaction.operations';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { table } from './table';

interface BeginOptions extends CommonOptions {
  readonly at: 'start' | 'end';
}

export function addReactionCommands(program: Command, context: CliContext): void {
  const reactions = program.command('reactions').description('processes and publications');
  addCommand(reactions, 'list', 'where each stands, partition by partition').action(async (options: CommonOptions) => {
    const found = await only((await context.operator()).call(listReactions, {}));
    print(context, options, found, () =>
      table(
        ['consumer', 'partition', 'next', 'lag', 'parked keys'],
        found.map(({ consumer, topic, partition, next, lag, parkedKeys }) => {
          return [consumer, `${topic}/${partition}`, next ?? 'never run', lag, parkedKeys];
        }),
      ),
    );
  });
  addCommand(reactions, 'begin <name>', 'where one begins that has events before it and has never run')
    .addOption(
      new Option('--at <place>', 'the first event, or after the last').choices(['start', 'end']).makeOptionMandatory(),
    )
    .action(async (name: string, options: BeginOptions) => {
      await only((await context.operator()).call(beginReaction, { consumer: name, at: options.at }));
      print(context, options, { name, at: options.at }, () => `${name} begins at the ${options.at}\n`);
    });
}
