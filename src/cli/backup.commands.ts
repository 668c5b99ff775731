import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Manifest } from '../platform/operations/backup/manifest';
import { only } from '../platform/operations/operation';
import { OperationFailed } from '../platform/operations/operation-failed';
import { copyStores } from '../platform/operations/operations.catalog';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { table } from './table';

const MIB = 2 ** 20;

export function addBackupCommands(program: Command, context: CliContext): void {
  addCommand(
    program,
    'backup <directory>',
    'copy log and keys, while they are written, into an empty directory',
  ).action(async (directory: string, options: CommonOptions) => {
    refuseKafka(context);
    const target = resolve(directory);
    const operator = await context.operator();
    await only(operator.call(copyStores, { directory: target }));
    const { sealBackup } = await import('../platform/operations/backup/manifest.ts');
    const manifest = await sealBackup(target);
    print(context, options, manifest, () => `${text(manifest)}backed up to ${target}\n`);
  });
  addCommand(program, 'restore <directory>', 'put a backup into DATA_DIR, which must be empty').action(
    async (directory: string, options: CommonOptions) => {
      refuseKafka(context);
      const { restore } = await import('../platform/operations/backup/restore.ts');
      const { dataDir } = context.settings();
      const manifest = await restore(resolve(directory), dataDir);
      print(context, options, manifest, () => `${text(manifest)}restored to ${dataDir}; now run: verify\n`);
    },
  );
}

function refuseKafka(context: CliContext): void {
  if (context.settings().kafka === undefined) return;
  throw new OperationFailed(
    'BAD_INPUT',
    'with KAFKA_BROKERS there is no embedded log: back up Kafka and PostgreSQL by their own means',
  );
}

function text({ log, madeAt, topics, files }: Manifest): string {
  const records = topics.map(({ name, ends }) => [name, ends.reduce((sum, end) => sum + end, 0)]);
  const sizes = files.map(({ name, bytes, sha256 }) => [name, `${(bytes / MIB).toFixed(1)} MiB`, sha256]);
  return `log ${log} as of ${madeAt}\n${table(['topic', 'end'], records)}${table(['file', 'size', 'sha256'], sizes)}`;
}
