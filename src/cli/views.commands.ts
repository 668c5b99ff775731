import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { only, type Operator } from '../platform/operations/operation';
import { OperationFailed } from '../platform/operations/operation-failed';
import type { ViewStatus } from '../platform/operations/operations.port';
import { abortRebuild, listViews, rebuildView } from '../platform/operations/view.operations';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { EXIT } from './exit-codes';
import { progressLine } from './progress-line';
import { table } from './table';

const LOOK_AGAIN_MS = 250;

interface RebuildOptions extends CommonOptions {
  readonly wait: boolean;
}

export function addViewCommands(program: Command, context: CliContext): void {
  const views = program.command('views').description('the read models');
  addCommand(views, 'list', 'every view: how far behind the log, and what keeps it from going on').action(
    async (options: CommonOptions) => {
      const found = await only((await context.operator()).call(listViews, {}));
      print(context, options, found, () => statusTable(found));
      if (found.some(({ status }) => status === 'failed')) context.exitWith(EXIT.FOUND);
    },
  );
  addCommand(views, 'rebuild <name>', 'fill a view anew beside the live one, then swap')
    .option('--no-wait', 'only start it')
    .action((name: string, options: RebuildOptions) => rebuild(context, name, options));
  addCommand(views, 'abort <name>', 'end a rebuild; the live view is not touched').action(
    async (name: string, options: CommonOptions) => {
      await only((await context.operator()).call(abortRebuild, { view: name }));
      print(context, options, { name, aborted: true }, () => `the rebuild of ${name} has ended\n`);
    },
  );
}

async function rebuild(context: CliContext, name: string, options: RebuildOptions): Promise<void> {
  const operator = await context.operator();
  const before = await statusOf(operator, name);
  await only(operator.call(rebuildView, { view: name }));
  if (!options.wait || operator.place === 'directory') {
    const when = operator.place === 'directory' ? 'will be done when a process runs on this directory' : 'has begun';
    print(context, options, { name, started: true }, () => `the rebuild of ${name} ${when}\n`);
    return;
  }
  const status = await watch(context, operator, before);
  if (status === undefined) {
    context.terminal.tell(`the rebuild goes on; see it by: views list, end it by: views abort ${name}\n`);
    context.exitWith(EXIT.INTERRUPTED);
    return;
  }
  const isSwapped = status.status === 'live' && status.generation > before.generation;
  print(context, options, status, () =>
    isSwapped
      ? `${name} is live in generation ${status.generation}\n`
      : `${name} was not swapped: ${status.failure ?? 'the rebuild was ended'}\n`,
  );
  if (!isSwapped) context.exitWith(EXIT.FOUND);
}

/** @returns how the rebuild has ended; undefined when the operator does not wait for it any more */
async function watch(context: CliContext, operator: Operator, before: ViewStatus): Promise<ViewStatus | undefined> {
  const { terminal } = context;
  const line = progressLine(terminal);
  try {
    while (!terminal.interrupted.aborted) {
      const status = await statusOf(operator, before.name);
      if (status.status !== 'rebuilding') return status;
      if (status.progress !== undefined) line.draw(status.progress);
      await pause(LOOK_AGAIN_MS, undefined, { signal: terminal.interrupted }).catch(() => undefined);
    }
    return undefined;
  } finally {
    line.end();
  }
}

async function statusOf(operator: Operator, name: string): Promise<ViewStatus> {
  const status = (await only(operator.call(listViews, {}))).find((view) => view.name === name);
  if (status === undefined) throw new OperationFailed('NOT_FOUND', `there is no view ${name}`);
  return status;
}

function statusTable(views: readonly ViewStatus[]): string {
  return table(
    ['view', 'status', 'generation', 'lag', 'progress'],
    views.map(({ name, status, generation, lag, progress, failure }) => {
      const told = progress === undefined ? '' : `${progress.done} of ${progress.total}`;
      return [name, status, generation, lag, failure ?? told];
    }),
  );
}
