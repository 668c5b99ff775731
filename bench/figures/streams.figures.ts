import { join } from 'node:path';
import { sendByTheClock } from '../load/by-the-clock.ts';
import { StreamAudience } from '../load/stream-audience.ts';
import type { ChangesTask } from '../load/stream-clients.ts';
import { addToValue, createValue } from '../load/value-requests.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { ProductSite } from '../process/product-site.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { delaysOf, type Delays, streamFaults } from './delays.ts';
import { figure, type Figure } from './figure.ts';

/** Two processes: one alone would have no core left for the server, and its own queue would be measured. */
const audiences = 2;
const clients = 1_000;
const changesPerSecond = 50;
const delayMsMax = 250;

interface StreamRun extends Delays {
  /** Of the product meanwhile; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  readonly faults: readonly string[];
}

/** A value that a thousand clients watch, changed by the clock. */
export async function streamsFigures(context: BenchContext): Promise<Figure[]> {
  const site = await ProductSite.make(join(context.directory, 'streams'));
  try {
    const process = await site.start();
    await process.ready();
    const runs: StreamRun[] = [];
    // The first one is there to warm up; what it does wrong counts.
    for (let index = 0; index <= context.repeat; index++) {
      const run = await watchedChanges(process, context.seconds);
      context.tell(
        `${clients} clients, ${run.arrivals} arrivals: p50 ${run.delayMs.p50} ms, p99 ${run.delayMs.p99} ms`,
      );
      runs.push(run);
    }
    const counted = runs.slice(1);
    const measured = rounded(median(counted.map(({ delayMs }) => delayMs.p99)));
    return [
      figure({
        name: `streams: ${clients.toLocaleString('en')} clients of one value, ${changesPerSecond} changes/s, p99 of the delay`,
        unit: 'ms',
        target: { atMost: delayMsMax },
        measured,
        medians: { p50: rounded(median(counted.map(({ delayMs }) => delayMs.p50))), p99: measured },
        faults: runs.flatMap(({ faults }) => faults),
        repetitions: runs,
      }),
    ];
  } finally {
    await site.remove();
  }
}

async function watchedChanges(process: BenchProcess, seconds: number): Promise<StreamRun> {
  const { port } = process;
  const id = await createValue(port);
  const changes = changesPerSecond * seconds;
  const task: ChangesTask = { port, path: `/values/${id}/changes`, clients: clients / audiences, changes };
  const groups = await StreamAudience.gatherAll(
    'stream-clients.ts',
    Array.from({ length: audiences }, () => task),
  );
  try {
    const cpuBefore = await process.cpuSeconds();
    // Each change adds another number, by which the clients know it.
    const add = (index: number): Promise<number> => addToValue(port, id, index + 1);
    const { sentAtMs, faults } = await sendByTheClock('a change', changes, changesPerSecond, add);
    const heard = await Promise.all(groups.map((group) => group.finish({ sentAtMs })));
    const cpuAfter = await process.cpuSeconds();
    const cpuSeconds = cpuBefore === undefined || cpuAfter === undefined ? null : rounded(cpuAfter - cpuBefore);
    return { ...delaysOf(heard), cpuSeconds, faults: [...faults, ...streamFaults(heard)] };
  } finally {
    await Promise.all(groups.map((group) => group.close()));
  }
}
