import { open, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { outputOf } from '../scripts/process/run-to-end.ts';
import { median } from './statistics.ts';

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string | undefined;
  /** Median of 200: writing 4 KB to the disk that holds the embedded log. It bounds a durable command on one connection. */
  readonly syncMs: number;
  /** Over the minute before the run; above 0.5 the machine was not quiet. */
  readonly loadAverage: number;
}

/** @param directory on the disk that is measured */
export async function describeMachine(directory: string): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 1e8) / 10,
    kernel: `${type()} ${release()}`,
    node: process.version,
    fileSystem: await fileSystemOf(directory),
    syncMs: await measureSync(directory),
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** Commit of the working tree, and whether it holds more than the commit. */
export async function describeCommit(): Promise<{ commit: string; dirty: boolean }> {
  const commit = (await outputOf('git', ['rev-parse', '--short=10', 'HEAD']))?.trim() ?? 'unknown';
  const changes = await outputOf('git', ['status', '--porcelain', '--', '.', ':!bench/results']);
  return { commit, dirty: changes?.trim() !== '' };
}

async function measureSync(directory: string): Promise<number> {
  const path = join(directory, 'sync-probe');
  const file = await open(path, 'w');
  const times: number[] = [];
  try {
    const page = Buffer.alloc(4_096, 1);
    for (let index = 0; index < 200; index++) {
      const startedAt = performance.now();
      await file.write(page);
      await file.datasync();
      times.push(performance.now() - startedAt);
    }
  } finally {
    await file.close();
    await rm(path);
  }
  return Number(median(times).toFixed(3));
}

/** Type of the mount that holds a directory; undefined where the system does not tell. */
async function fileSystemOf(directory: string): Promise<string | undefined> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  const holders = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, place = '-']) => directory === place || directory.startsWith(place === '/' ? place : `${place}/`))
    .sort(([, left = ''], [, right = '']) => left.length - right.length);
  return holders.at(-1)?.[2];
}
