import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { pause } from '../../scripts/process/wait.ts';
import { type Fill, fillValues } from '../load/fill-load-generator.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { settled } from '../process/metrics.ts';
import { ProductSite } from '../process/product-site.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure, idleAfterMs } from './figure.ts';
import { besides, interleave, type LoadRun } from './load-run.ts';
import { LoadedProduct } from './loaded-product.ts';
import { rebuildFigures } from './rebuild-figures.ts';

/** The embedded process takes on no more at once. */
const connections = 64;
const smallCount = 1_000;
/** Random ids of one run: more than one connection gets through in its time. */
const sampleSize = 50_000;
const settledWithinMs = 600_000;
/** V8 gives memory back when nothing has happened for some seconds: sometimes before the ten are over, sometimes after. */
const laterMs = 30_000;
const megabytesMax = 300;
const ratioMax = 1.3;
const startSecondsMax = 3;
const rebuiltPerSecondMin = 100_000;

interface Filled extends Fill {
  readonly megabytes: {
    readonly before: number;
    readonly atOnce: number;
    readonly idle: number;
    readonly later: number;
  };
}

/** What a million aggregates do to the product on its embedded log: to its answers, its memory, its start and its rebuilds. */
export async function scaleFigures(context: BenchContext): Promise<Figure[]> {
  const large = await ProductSite.make(join(context.directory, 'scale'));
  const small = await ProductSite.make(join(context.directory, 'scale-small'));
  try {
    const process = await large.start();
    await process.ready();
    const first = await LoadedProduct.prepare(process, context.generator, 0);
    const before = await interleave(1, [() => first.commands(1, context.seconds)], context.tell);
    const filled = await fill(context, process);
    const latency = await latencyFigure(context, process, filled.ids, small, before);
    const events = (await settled(process.port, 0, settledWithinMs)).decided;
    const start = await startFigure(context, large, events);
    const store = { events, store: 'SQLite', atLeast: rebuiltPerSecondMin };
    return [latency, memoryFigure(context, filled), start, ...(await rebuildFigures(context, large, store))];
  } finally {
    await small.remove();
    await large.remove();
  }
}

async function fill({ aggregates, directory, tell }: BenchContext, process: BenchProcess): Promise<Filled> {
  const { port } = process;
  const before = await process.residentMegabytes();
  tell(`creating values until there are ${aggregates}`);
  const created = await fillValues(directory, { port, connections, values: aggregates - smallCount });
  const atOnce = await process.residentMegabytes();
  await settled(port, 0, settledWithinMs);
  await pause(idleAfterMs);
  const idle = await process.residentMegabytes();
  await pause(laterMs);
  const later = await process.residentMegabytes();
  tell(`${created.perSecond} values/s; ${atOnce} MB at once, ${idle} MB idle, ${later} MB later`);
  return { ...created, megabytes: { before, atOnce, idle, later } };
}

function memoryFigure({ aggregates }: BenchContext, { perSecond, megabytes, faults }: Filled): Figure {
  const count = aggregates.toLocaleString('en');
  return figure({
    name: `embedded: resident memory after ${count} commands over ${count} aggregates`,
    unit: 'MB',
    target: { atMost: megabytesMax },
    measured: megabytes.idle,
    medians: { ...megabytes, 'values/s': perSecond },
    faults,
    repetitions: [{ megabytes, perSecond }],
  });
}

/** Random ones of many aggregates in turns with a thousand in a process of their own, which has run itself as warm. */
async function latencyFigure(
  { aggregates, generator, repeat, seconds, tell }: BenchContext,
  large: BenchProcess,
  ids: readonly string[],
  site: ProductSite,
  before: readonly LoadRun[],
): Promise<Figure> {
  const small = await site.start();
  await small.ready();
  const few = await LoadedProduct.prepare(small, generator, 0);
  // New ids each time: what was asked for in the last turn lies in every cache.
  const many = (): LoadedProduct => LoadedProduct.over(large, generator, 0, sample(ids));
  const round = (count: number) => [
    () => besides([small], async () => ({ ...(await many().commands(count, seconds)), side: 'large' })),
    () => besides([large], async () => ({ ...(await few.commands(count, seconds)), side: 'small' })),
  ];
  await interleave(1, round(connections), tell);
  const runs = await interleave(repeat, round(1), tell);
  await site.stop();
  const p50 = (side: string): number =>
    rounded(median(runs.filter((run) => run.side === side).map(({ load }) => load.latencyMs.p50)), 3);
  const firstP50 = median(before.map(({ load }) => load.latencyMs.p50));
  return figure({
    name: `embedded: p50 with ${aggregates.toLocaleString('en')} aggregates ÷ with 1,000, 1 connection`,
    unit: '×',
    target: { atMost: ratioMax },
    measured: rounded(p50('large') / p50('small'), 3),
    medians: { large: p50('large'), small: p50('small'), 'large, with its first 1,000': firstP50 },
    faults: [...before, ...runs].flatMap(({ faults }) => faults),
    repetitions: [...before, ...runs],
  });
}

function sample(ids: readonly string[]): string[] {
  return Array.from({ length: sampleSize }, () => ids[randomInt(ids.length)] ?? '');
}

/** The last process that it starts goes on running. */
async function startFigure({ repeat, tell }: BenchContext, site: ProductSite, events: number): Promise<Figure> {
  const repetitions: { seconds: number; stopSeconds: number }[] = [];
  for (let index = 1; index <= repeat; index++) {
    const stopAt = performance.now();
    await site.stop();
    const stopSeconds = rounded((performance.now() - stopAt) / 1_000, 3);
    const process = await site.start();
    const seconds = rounded((await process.ready()) / 1_000, 3);
    repetitions.push({ seconds, stopSeconds });
    tell(`start ${index} with ${events} events: ready after ${seconds} s; the stop before took ${stopSeconds} s`);
  }
  const measured = rounded(median(repetitions.map(({ seconds }) => seconds)), 3);
  return figure({
    name: `embedded: start to ready, ${events.toLocaleString('en')} events`,
    unit: 's',
    target: { atMost: startSecondsMax },
    measured,
    medians: { start: measured, stop: rounded(median(repetitions.map(({ stopSeconds }) => stopSeconds)), 3) },
    faults: [],
    repetitions,
  });
}
