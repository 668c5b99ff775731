import { z } from 'zod';
import type { ProductSite } from '../process/product-site.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure } from './figure.ts';

const views = ['calculator.value', 'calculator.value-history'] as const;
const swapped = z.object({ status: z.literal('live'), generation: z.int() });

interface Rebuild {
  readonly view: string;
  /** The whole of `views rebuild`, and of `views list`, which is the same program without a rebuild. */
  readonly commandSeconds: number;
  readonly listSeconds: number;
  readonly generation: number;
  readonly eventsPerSecond: number;
}

/**
 * Rebuilds each view of the calculator as an operator does, while the process has nothing else to do. The time is that of the command
 * line until it has seen the swap, less what the same program takes to start, to connect and to list the views.
 * @param events that each view is made of
 */
export async function rebuildFigures(
  context: BenchContext,
  site: ProductSite,
  { events, store, atLeast }: { events: number; store: string; atLeast: number },
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const view of views) {
    const repetitions: Rebuild[] = [];
    for (let index = 0; index < context.repeat; index++) {
      const rebuild = await rebuildOnce(site, view, events);
      context.tell(`${store}, rebuild of ${view}: ${rebuild.eventsPerSecond} events/s`);
      repetitions.push(rebuild);
    }
    const measured = Math.round(median(repetitions.map(({ eventsPerSecond }) => eventsPerSecond)));
    figures.push(
      figure({
        name: `${store}: rebuild of ${view}, ${events.toLocaleString('en')} events`,
        unit: 'events/s',
        target: { atLeast },
        measured,
        medians: {
          'command s': rounded(median(repetitions.map(({ commandSeconds }) => commandSeconds))),
          'list s': rounded(median(repetitions.map(({ listSeconds }) => listSeconds))),
        },
        faults: [],
        repetitions,
      }),
    );
  }
  return figures;
}

async function rebuildOnce(site: ProductSite, view: string, events: number): Promise<Rebuild> {
  const list = await timed(() => site.cli(['views', 'list', '--json']));
  const rebuild = await timed(() => site.cli(['views', 'rebuild', view, '--json']));
  const { generation } = swapped.parse(JSON.parse(rebuild.output));
  const [commandSeconds, listSeconds] = [rounded(rebuild.seconds, 3), rounded(list.seconds, 3)];
  const seconds = rebuild.seconds - list.seconds;
  // A log so small that its rebuild drowns in the start of a program tells nothing.
  const eventsPerSecond = seconds > 0 ? Math.round(events / seconds) : Number.NaN;
  return { view, commandSeconds, listSeconds, generation, eventsPerSecond };
}

/** What a work gives, and the seconds that it took. */
export async function timed(work: () => Promise<string>): Promise<{ output: string; seconds: number }> {
  const startedAt = performance.now();
  const output = await work();
  return { output, seconds: (performance.now() - startedAt) / 1_000 };
}
