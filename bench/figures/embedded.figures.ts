import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../scripts/process/ports.ts';
import { BenchProcess } from '../process/bench-process.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure } from './figure.ts';
import { LoadedProduct, type LoadRun } from './loaded-product.ts';

const connections = 64;
const warmUpSecondsMax = 3;

/** The product on its embedded log, against a route of the same process that does nothing. */
export async function embeddedFigures(context: BenchContext): Promise<Figure[]> {
  const { build, generator, repeat, seconds, tell } = context;
  const place = join(context.directory, 'embedded');
  await mkdir(place);
  const process = BenchProcess.start({
    entry: build.app,
    port: await freePort(),
    env: { DATA_DIR: join(place, 'data'), LOG_FORMAT: 'json' },
    logFile: join(place, 'log.json'),
    cwd: place,
  });
  try {
    await process.ready();
    const product = await LoadedProduct.prepare(process, generator, 0);
    const warmUp = Math.min(warmUpSecondsMax, seconds);
    await product.commands(connections, warmUp);
    await product.noop(connections, warmUp);

    const busy = await interleave(repeat, [
      () => product.commands(connections, seconds),
      () => product.noop(connections, seconds),
    ]);
    for (const run of busy) tell(`embedded, ${connections} connections: ${run.side} ${run.perSecond}/s`);
    const calm = await interleave(repeat, [() => product.commands(1, seconds), () => product.noop(1, seconds)]);
    for (const run of calm) tell(`embedded, 1 connection: ${run.side} p50 ${run.load.latencyMs.p50} ms`);
    return [
      ratioFigure('embedded: decided commands/s, 64 connections ÷ no-op route', 'noop', 0.6, busy),
      latencyFigure('embedded: p50 of a decided command, 1 connection', 1.5, calm),
    ];
  } finally {
    await process.stop();
  }
}

/** A, B, A, B: what disturbs the machine for a while hits both sides. */
export async function interleave(
  repeat: number,
  sides: readonly (() => Promise<LoadRun>)[],
): Promise<readonly LoadRun[]> {
  const runs: LoadRun[] = [];
  for (let round = 0; round < repeat; round++) for (const side of sides) runs.push(await side());
  return runs;
}

/** Median of our commands per second ÷ median of the other side's answers per second. */
export function ratioFigure(name: string, other: string, atLeast: number, runs: readonly LoadRun[]): Figure {
  const rate = (side: string): number => median(runs.filter((run) => run.side === side).map((run) => run.perSecond));
  return figure({
    name,
    unit: '×',
    target: { atLeast },
    measured: rounded(rate('commands') / rate(other), 3),
    medians: { commands: rate('commands'), [other]: rate(other) },
    faults: runs.flatMap(({ faults }) => faults),
    repetitions: runs,
  });
}

/** Median of our medians; the other side's stands beside it. */
export function latencyFigure(name: string, atMost: number, runs: readonly LoadRun[]): Figure {
  const sides = new Set(runs.map(({ side }) => side));
  const p50Of = (side: string): number =>
    median(runs.filter((run) => run.side === side).map((run) => run.load.latencyMs.p50));
  return figure({
    name,
    unit: 'ms',
    target: { atMost },
    measured: rounded(p50Of('commands'), 3),
    medians: Object.fromEntries([...sides].map((side) => [side, rounded(p50Of(side), 3)])),
    faults: runs.flatMap(({ faults }) => faults),
    repetitions: runs,
  });
}
