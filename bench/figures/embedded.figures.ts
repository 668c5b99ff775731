import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../scripts/process/ports.ts';
import { BenchProcess } from '../process/bench-process.ts';
import type { BenchContext } from './bench-context.ts';
import { type Figure, latencyFigure, ratioFigure } from './figure.ts';
import { interleave } from './load-run.ts';
import { LoadedProduct } from './loaded-product.ts';

const connections = 64;
const warmUpSecondsMax = 3;

/** The product on its embedded log, against a route of the same process that does nothing. */
export async function embeddedFigures(context: BenchContext): Promise<Figure[]> {
  const { build, generator, repeat, seconds, tell } = context;
  const cwd = join(context.directory, 'embedded');
  await mkdir(cwd);
  const process = BenchProcess.start({
    entry: build.app,
    port: await freePort(),
    env: { DATA_DIR: join(cwd, 'data'), LOG_FORMAT: 'json' },
    logFile: join(cwd, 'log.json'),
    cwd,
  });
  try {
    await process.ready();
    const product = await LoadedProduct.prepare(process, generator, 0);
    const warmUp = Math.min(warmUpSecondsMax, seconds);
    await product.commands(connections, warmUp);
    await product.noop(connections, warmUp);

    const round = (count: number) => [() => product.commands(count, seconds), () => product.noop(count, seconds)];
    const busy = await interleave(repeat, round(connections), tell);
    const calm = await interleave(repeat, round(1), tell);
    const ratio = { name: 'embedded: decided commands/s, 64 connections ÷ no-op route', other: 'noop', atLeast: 0.6 };
    return [ratioFigure(ratio, busy), latencyFigure('embedded: p50 of a decided command, 1 connection', 1.5, calm)];
  } finally {
    await process.stop();
  }
}
