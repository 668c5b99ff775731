import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Settings } from '../platform/config/settings';
import { EmbeddedLog } from '../platform/log/embedded/embedded-log';
import type { Log } from '../platform/log/log.port';
import { holdDataDirectory, openKafkaToFill } from '../platform/log/open-log';
import type { CopiedTopic } from '../platform/operations/copy/copy-log';
import { OperationFailed } from '../platform/operations/operation-failed';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { table } from './table';

interface CopyOptions extends CommonOptions {
  readonly toKafka: string;
  readonly prefix?: string;
}

export function addCopyCommand(topics: Command, context: CliContext): void {
  addCommand(topics, 'copy', 'copy the embedded log, and its keys, to Kafka and PostgreSQL; no process may run')
    .requiredOption('--to-kafka <brokers>', 'as in KAFKA_BROKERS; TLS, SASL and DATABASE_URL as in the settings')
    .option('--prefix <prefix>', 'as in KAFKA_TOPIC_PREFIX')
    .action(async (options: CopyOptions) => {
      const source = context.settings({ KAFKA_BROKERS: '' });
      const target = context.settings({
        KAFKA_BROKERS: options.toKafka,
        ...(options.prefix === undefined ? {} : { KAFKA_TOPIC_PREFIX: options.prefix }),
      });
      const copied = await withSource(source, (log) => copy(context, log, source.dataDir, target));
      const kafka = options.prefix === undefined ? options.toKafka : `${options.toKafka} under ${options.prefix}`;
      print(context, options, copied, () => {
        const rows = copied.map(({ name, records }) => [name, records]);
        return `${table(['topic', 'records'], rows)}copied to ${kafka}; now start on it, or run: verify\n`;
      });
    });
}

async function withSource<T>({ dataDir }: Settings, work: (log: EmbeddedLog) => Promise<T>): Promise<T> {
  if (!existsSync(join(dataDir, 'log.db'))) throw new OperationFailed('UNAVAILABLE', `there is no log in ${dataDir}`);
  // Also keeps a process from starting on what is being left.
  const directory = holdDataDirectory(dataDir);
  try {
    const log = await EmbeddedLog.open({ directory: dataDir, partitions: 1, partitionsExplicit: false });
    try {
      return await work(log);
    } finally {
      await log.close();
    }
  } finally {
    directory.release();
  }
}

async function copy(context: CliContext, log: EmbeddedLog, dataDir: string, to: Settings): Promise<CopiedTopic[]> {
  const { kafka, databaseUrl } = to;
  if (kafka === undefined || databaseUrl === undefined) throw new OperationFailed('BAD_INPUT', 'no broker is named');
  const { copyLog } = await import('../platform/operations/copy/copy-log.ts');
  const tell = (message: string): void => context.terminal.tell(`${message}\n`);
  const logger = { info: () => undefined, warn: tell, error: tell };
  // The counts are those of the log that is copied, whatever PARTITIONS says.
  const target: Log = await openKafkaToFill({ ...to, partitionsExplicit: false }, kafka, logger);
  try {
    return await copyLog({ log, topics: log.stored() }, target, context.terminal.interrupted, () => {
      return copyKeys(dataDir, databaseUrl);
    });
  } finally {
    await target.close();
  }
}

/** With other secrets, idempotency keys that were used would be refused as those of other commands. */
async function copyKeys(dataDir: string, databaseUrl: string): Promise<void> {
  if (!existsSync(join(dataDir, 'keys.db'))) return;
  const { readSqliteKeys } = await import('../platform/keys/sqlite-keys.ts');
  const { copyToPostgres } = await import('../platform/keys/postgres-keys.ts');
  await copyToPostgres(databaseUrl, readSqliteKeys(dataDir));
}
