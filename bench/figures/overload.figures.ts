import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../scripts/process/ports.ts';
import { runOpenLoad } from '../load/open-load-generator.ts';
import type { OpenLoadResult } from '../load/open-load-result.ts';
import { BenchProcess } from '../process/bench-process.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { type Figure, figure } from './figure.ts';
import { LoadedProduct } from './loaded-product.ts';

const connections = 64;
/** 60 s of overload with the 8 s that are the default of a repetition. */
const overloadFactor = 7.5;
const idleShare = 0.05;
const overloadShare = 2;
const afterSeconds = 10;
/** As slow as this beside the idle process is normal again. */
const normalFactor = 2;

/** Twice as many commands as the product can decide, by the clock, and how it was before and after. */
export async function overloadFigures(context: BenchContext): Promise<Figure[]> {
  const { build, directory, generator, seconds, tell } = context;
  const cwd = join(directory, 'overload');
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
    await product.commands(connections, seconds);
    const peak = (await product.commands(connections, seconds)).perSecond;
    const load = async (name: string, share: number, forSeconds: number): Promise<OpenLoadResult> => {
      const perSecond = Math.round(peak * share);
      const { port } = process;
      const result = await runOpenLoad(directory, { port, perSecond, seconds: forSeconds, requests: product.requests });
      const refused = sum(result.seconds.map((second) => second.refused));
      tell(
        `${name}, ${perSecond}/s due: ${acceptedPerSecond(result)}/s accepted, p99 ${result.acceptedP99Ms} ms, ${refused} refused`,
      );
      return result;
    };
    const idle = await load('idle', idleShare, seconds);
    const overload = await load('overload', overloadShare, Math.round(seconds * overloadFactor));
    const after = await load('after', idleShare, afterSeconds);
    return figuresOf(peak, idle, overload, after);
  } finally {
    await process.stop();
  }
}

function figuresOf(peak: number, idle: OpenLoadResult, overload: OpenLoadResult, after: OpenLoadResult): Figure[] {
  const goodput = acceptedPerSecond(overload);
  const faults = [idle, overload, after].flatMap(({ others, unanswered }) => [
    ...Object.entries(others).map(([kind, count]) => `${count} answers of kind ${kind}`),
    ...(unanswered > 0 ? [`${unanswered} requests without an answer`] : []),
  ]);
  const idleP99Ms = median(idle.seconds.map(({ p99Ms }) => p99Ms));
  const firstNormal = after.seconds.findIndex((_, from) =>
    after.seconds
      .slice(from)
      .every(({ refused, p50Ms }) => refused === 0 && p50Ms <= normalFactor * idle.acceptedP50Ms),
  );
  const repetitions = [{ peak, idle, overload, after }];
  const medians = { peak, goodput, 'idle p99': idle.acceptedP99Ms, 'accepted p99': overload.acceptedP99Ms, idleP99Ms };
  return [
    figure({
      name: 'overload, 2 × capacity: goodput ÷ peak',
      unit: '×',
      target: { atLeast: 0.5 },
      measured: rounded(goodput / peak, 3),
      medians,
      faults,
      repetitions,
    }),
    figure({
      name: 'overload, 2 × capacity: p99 of what is accepted ÷ idle',
      unit: '×',
      target: { atMost: 5 },
      measured: rounded(overload.acceptedP99Ms / idle.acceptedP99Ms, 2),
      medians,
      faults,
      repetitions: [],
    }),
    figure({
      name: 'overload, 2 × capacity: until all is normal again',
      unit: 's',
      target: { atMost: 5 },
      measured: firstNormal < 0 ? Infinity : firstNormal,
      medians: {},
      faults,
      repetitions: [],
    }),
  ];
}

function acceptedPerSecond({ seconds }: OpenLoadResult): number {
  return rounded(sum(seconds.map(({ accepted }) => accepted)) / seconds.length, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
