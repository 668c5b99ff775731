import type { Command } from 'commander';
import { only, type Operator } from '../platform/operations/operation';
import { listTopics, readLog } from '../platform/operations/topic.operations';
import type { LogReader } from '../platform/operations/verify/log-reader';
import type { Verification } from '../platform/operations/verify/verify';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { EXIT } from './exit-codes';
import { chosenFeatures } from './features';
import { table } from './table';

export function addVerifyCommand(program: Command, context: CliContext): void {
  const description = 'read the whole log and compare what is derived from it; ends with 1 when anything differs';
  addCommand(program, 'verify', description).action(async (options: CommonOptions) => {
    const operator = await context.operator();
    const { verify } = await import('../platform/operations/verify/verify.ts');
    const settings = context.settings();
    const found = await verify(logReader(operator), await chosenFeatures(settings), settings);
    print(context, options, found, () => text(found));
    if (found.count > 0) context.exitWith(EXIT.FOUND);
  });
}

/** The log as the operator lets it be read. */
export function logReader(operator: Operator): LogReader {
  return {
    bounds: async () => {
      const { topics } = await only(operator.call(listTopics, {}));
      return new Map(topics.map(({ name, partitions }) => [name, partitions]));
    },
    read: (topic, partition, from, to) => operator.call(readLog, { topic, partition, from, to }),
  };
}

function text({ modules, views, ...found }: Verification): string {
  const read = [
    ...modules.map(({ name, events, aggregates }) => `${name}: ${events} events of ${aggregates} aggregates\n`),
    viewsText(views),
  ].join('');
  return `${read}${findingsText(found)}`;
}

/** What was compared, a line for each view. */
export function viewsText(views: Verification['views']): string {
  return views.map(({ name, rows, skipped }) => `view ${name}: ${skipped ?? `${rows} rows`}\n`).join('');
}

/** What is wrong, as a table; one line when nothing is. */
export function findingsText({ count, findings }: Pick<Verification, 'count' | 'findings'>): string {
  if (count === 0) return 'nothing is wrong\n';
  const rows = findings.map(({ kind, place, message }) => [kind, place, message]);
  const more = count > findings.length ? `and ${count - findings.length} more\n` : '';
  return `${table(['wrong', 'where', 'what'], rows)}${more}`;
}
