import { join } from 'node:path';
import { BackOffice } from '../load/back-office.ts';
import { fill } from '../load/fill-load-generator.ts';
import { settled } from '../process/metrics.ts';
import { ProductSite } from '../process/product-site.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure, ratioFigure } from './figure.ts';
import { kafkaSettings, withKafka } from './kafka-place.ts';
import { interleave, type LoadRun, runLoad } from './load-run.ts';
import { LoadedProduct } from './loaded-product.ts';
import { timed } from './rebuild-figures.ts';

const views = ['accounts.customer', 'accounts.customer-history', 'orders.documents'];
const ordersPerCustomer = 3;
const changes = 300;
const erasures = 20;
const settledWithinMs = 600_000;
const createRatioMin = 0.35;
const eraseMsMax = 1_000;

/** What differs between the two logs. */
interface Plan {
  readonly log: string;
  readonly store: string;
  readonly connections: number;
  readonly delayMsMax: number;
  readonly rebuildSecondsMax: number;
  /** Of `LoadedProduct.prepare`. */
  readonly slack: number;
}

/** Customers and orders on the embedded log; creating them beside commands of the calculator. */
export async function customersFigures(context: BenchContext): Promise<Figure[]> {
  const creating = await creationFigure(context);
  const plan = { log: 'embedded', store: 'SQLite', connections: 64, delayMsMax: 50, rebuildSecondsMax: 20, slack: 0 };
  return [creating, ...(await measure(context, plan, {}))];
}

/** The same on a real Kafka and a real PostgreSQL. */
export function customersKafkaFigures(context: BenchContext): Promise<Figure[]> {
  const times = { delayMsMax: 250, rebuildSecondsMax: 40 };
  const plan = { log: 'Kafka', store: 'PostgreSQL', connections: 256, slack: 1, ...times };
  return withKafka(context, (place) => measure(context, plan, kafkaSettings(place)));
}

async function measure(context: BenchContext, plan: Plan, settings: Record<string, string>): Promise<Figure[]> {
  const { directory, customers, tell } = context;
  const site = await ProductSite.make(join(directory, `customers-${plan.log}`), settings);
  try {
    const process = await site.start();
    await process.ready();
    const office = await BackOffice.at(process.port);
    tell(`creating ${customers} customers and ${ordersPerCustomer} orders of each`);
    const { port } = process;
    const { connections } = plan;
    const made = await fill(directory, { port, connections, count: customers, requests: [office.creation] });
    const requests = office.ordersOf(made.ids);
    const placed = await fill(directory, { port, connections, count: customers * ordersPerCustomer, requests });
    tell(`${made.perSecond} customers/s, ${placed.perSecond} orders/s`);
    await settled(port, plan.slack, settledWithinMs);
    const faults = [...made.faults, ...placed.faults];
    const delay = await delayFigure(context, plan, office, made.ids, faults);
    const erasing = await eraseFigure(context, plan, office, made.ids);
    return [delay, erasing, await rebuildFigure(context, plan, site)];
  } finally {
    await site.remove();
  }
}

/** In a process of its own: what is created for it is not counted on by the other figures. */
async function creationFigure({ directory, generator, repeat, seconds, tell }: BenchContext): Promise<Figure> {
  const site = await ProductSite.make(join(directory, 'customers-created'));
  try {
    const process = await site.start();
    await process.ready();
    const product = await LoadedProduct.prepare(process, generator, 0);
    const requests = [(await BackOffice.at(process.port)).creation];
    const connections = 64;
    const create = () => runLoad(generator, [process], { side: 'commands', connections, seconds, requests });
    const calculate = async () => ({ ...(await product.commands(connections, seconds)), side: 'calculator' });
    await interleave(1, [calculate, create], () => undefined);
    return createdFigure(await interleave(repeat, [calculate, create], tell));
  } finally {
    await site.remove();
  }
}

function createdFigure(runs: readonly LoadRun[]): Figure {
  const name =
    'embedded: POST /accounts/customer/create of new customers, 64 connections ÷ commands/s of the calculator';
  return ratioFigure({ name, other: 'calculator', atLeast: createRatioMin }, runs);
}

async function delayFigure(
  { tell }: BenchContext,
  { log, delayMsMax }: Plan,
  office: BackOffice,
  ids: readonly string[],
  faults: readonly string[],
): Promise<Figure> {
  const delays: number[] = [];
  for (let at = 0; at < changes; at++) delays.push(await office.delayOfChange(ids[at] ?? '', `Changed ${at}`));
  const sorted = delays.toSorted((one, other) => one - other);
  const p99 = rounded(sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN);
  tell(`${log}: from the 200 of accounts to the document of orders: p50 ${rounded(median(sorted))} ms, p99 ${p99} ms`);
  return figure({
    name: `${log}: from the 200 of accounts to the change in the document of orders, p99`,
    unit: 'ms',
    target: { atMost: delayMsMax },
    measured: p99,
    medians: { p50: rounded(median(sorted)) },
    faults,
    repetitions: [{ delays: delays.map((delay) => rounded(delay)) }],
  });
}

async function eraseFigure(
  { customers, tell }: BenchContext,
  { log }: Plan,
  office: BackOffice,
  ids: readonly string[],
): Promise<Figure> {
  const times: number[] = [];
  for (const id of ids.slice(-erasures)) times.push(rounded(await office.erase(id), 1));
  const measured = Math.max(...times);
  tell(`${log}: erased: median ${median(times)} ms, at most ${measured} ms`);
  return figure({
    name: `${log}: erasing 1 of ${customers.toLocaleString('en')} customers, until nothing can be read, the slowest of ${erasures}`,
    unit: 'ms',
    target: { atMost: eraseMsMax },
    measured,
    medians: { erased: median(times) },
    faults: [],
    repetitions: [{ times }],
  });
}

/** As an operator rebuilds them, one after the other; see `rebuildFigures`. */
async function rebuildFigure(
  { customers, repeat, tell }: BenchContext,
  { store, rebuildSecondsMax }: Plan,
  site: ProductSite,
): Promise<Figure> {
  const repetitions: Record<string, number>[] = [];
  for (let index = 0; index < repeat; index++) {
    const seconds: Record<string, number> = {};
    for (const view of views) {
      const list = await timed(() => site.cli(['views', 'list', '--json']));
      const rebuild = await timed(() => site.cli(['views', 'rebuild', view, '--json']));
      seconds[view] = rounded(rebuild.seconds - list.seconds);
    }
    repetitions.push(seconds);
    tell(`${store}, rebuild: ${JSON.stringify(seconds)} s`);
  }
  const sums = repetitions.map((seconds) => Object.values(seconds).reduce((sum, one) => sum + one, 0));
  const orders = customers * ordersPerCustomer;
  return figure({
    name: `${store}: rebuild of all views of ${customers.toLocaleString('en')} customers and ${orders.toLocaleString('en')} orders`,
    unit: 's',
    target: { atMost: rebuildSecondsMax },
    measured: rounded(median(sums)),
    medians: Object.fromEntries(
      views.map((view) => [view, rounded(median(repetitions.map((seconds) => seconds[view] ?? Number.NaN)))]),
    ),
    faults: [],
    repetitions,
  });
}
