import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLog } from '../../log/embedded/embedded-log';
import type { Log } from '../../log/log.port';
import { MemoryLog } from '../../log/testing/memory-log';
import { PARTITIONS, type LogSite } from './reaction-world';

export async function memorySite(): Promise<LogSite> {
  const log = new MemoryLog('memory', PARTITIONS);
  return {
    open: () => Promise.resolve(log),
    leave: () => Promise.resolve(),
    drop: () => log.close(),
  };
}

export async function embeddedSite(): Promise<LogSite> {
  const directory = await mkdtemp(join(tmpdir(), 'reactions-'));
  let log: EmbeddedLog | undefined;
  return {
    open: async (): Promise<Log> => {
      log ??= await EmbeddedLog.open({ directory, partitions: PARTITIONS, partitionsExplicit: false });
      return log;
    },
    leave: async () => {
      await log?.close();
      log = undefined;
    },
    drop: () => rm(directory, { recursive: true, force: true }),
  };
}
