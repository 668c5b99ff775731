import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../scripts/process/ports.ts';
import { pause } from '../../scripts/process/wait.ts';
import { productMain } from '../../test/support/product-build.ts';
import { BenchProcess } from '../process/bench-process.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure, idleAfterMs, memoryFigure } from './figure.ts';

const starts = 5;
const startSecondsMax = 2;
const idleMegabytesMax = 150;

/** How long the built product takes from nothing to ready, and what it then holds. */
export async function startFigures(context: BenchContext): Promise<Figure[]> {
  const { directory, tell } = context;
  const repetitions: { seconds: number }[] = [];
  let megabytes = Number.NaN;
  for (let index = 1; index <= starts; index++) {
    const cwd = join(directory, `start-${index}`);
    await mkdir(cwd);
    const process = await startProduct(cwd);
    try {
      const seconds = rounded((await process.ready()) / 1_000, 3);
      repetitions.push({ seconds });
      tell(`start ${index}: ready after ${seconds} s`);
      if (index === starts) {
        await pause(idleAfterMs);
        megabytes = await process.residentMegabytes();
      }
    } finally {
      await process.stop();
    }
  }
  const measured = median(repetitions.map(({ seconds }) => seconds));
  return [
    figure({
      name: 'embedded: start to ready, empty directory',
      unit: 's',
      target: { atMost: startSecondsMax },
      measured,
      medians: { start: measured },
      faults: [],
      repetitions,
    }),
    memoryFigure('embedded: resident memory, idle', idleMegabytesMax, megabytes),
  ];
}

async function startProduct(cwd: string): Promise<BenchProcess> {
  return BenchProcess.start({
    entry: productMain(),
    port: await freePort(),
    env: { DATA_DIR: join(cwd, 'data'), LOG_FORMAT: 'json' },
    logFile: join(cwd, 'log.json'),
    cwd,
  });
}
