import { InvalidArgumentError, type Command } from 'commander';
import type { LogRecord, TopicSpec } from '../platform/log/log.port';
import { only } from '../platform/operations/operation';
import { LIMIT_MAX, listTopics, showRecords, tailRecords } from '../platform/operations/topic.operations';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { readableRecord } from './readable-json';
import { printable, table } from './table';

const LIMIT_DEFAULT = 50;
const HOUR_MS = 3_600_000;

interface ShowOptions extends CommonOptions {
  readonly partition?: number;
  readonly from?: number;
  readonly time?: number;
  readonly key?: string;
  readonly limit: number;
}

export function addTopicCommands(program: Command, context: CliContext): Command {
  const topics = program.command('topics').description('the log itself');
  addCommand(topics, 'list', 'every topic with the bounds of its partitions').action(async (options: CommonOptions) => {
    const found = await only((await context.operator()).call(listTopics, {}));
    print(context, options, found, () => {
      const rows = found.topics.flatMap(({ name, partitions, policy }) =>
        partitions.map(({ partition, start, end }) => [name, partition, start, end, policyText(policy)]),
      );
      return `${found.kind} log ${found.log}\n${table(['topic', 'partition', 'start', 'end', 'policy'], rows)}`;
    });
  });
  addCommand(topics, 'show <topic>', 'records that are there, partition by partition')
    .option('--partition <n>', 'only this one', whole)
    .option('--from <offset>', 'first offset', whole)
    .option('--time <time>', 'only what is not older: ISO 8601, or milliseconds since the epoch', time)
    .option('--key <key>', 'only records of this key')
    .option('--limit <n>', `at most so many, up to ${LIMIT_MAX}`, whole, LIMIT_DEFAULT)
    .action(async (topic: string, { json, ...where }: ShowOptions) => {
      const found: LogRecord[] = [];
      const operator = await context.operator();
      for await (const record of operator.call(showRecords, { topic, ...where }, context.terminal.interrupted)) {
        if (json === true) found.push(record);
        else context.terminal.write(recordText(record));
      }
      if (json === true) context.terminal.write(`${JSON.stringify(found.map(readableRecord))}\n`);
    });
  topics
    .command('tail <topic>')
    .description('records as they arrive, until ^C')
    .option('--json', 'one JSON object a line')
    .option('--partition <n>', 'only this one', whole)
    .action(async (topic: string, { json, ...where }: CommonOptions & { partition?: number }) => {
      const operator = await context.operator();
      const { write, interrupted } = context.terminal;
      for await (const record of operator.call(tailRecords, { topic, ...where }, interrupted)) {
        write(json === true ? `${JSON.stringify(readableRecord(record))}\n` : recordText(record));
      }
    });
  return topics;
}

function recordText(record: LogRecord): string {
  const { partition, offset, timestamp, key, value, headers } = readableRecord(record);
  const kind = headers['ce_type'] ?? headers['domain-model'] ?? '';
  const parts = [`${partition}@${offset}`, timestamp, key ?? 'null', kind, JSON.stringify(value)];
  return `${printable(parts.filter((part) => part !== '').join(' '))}\n`;
}

export function policyText(policy: TopicSpec['policy']): string {
  return typeof policy === 'string' ? policy : `delete after ${policy.deleteAfterMs / HOUR_MS} h`;
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function time(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z.');
  return ms;
}
