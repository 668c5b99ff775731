import { join } from 'node:path';
import { pause } from '../../scripts/process/wait.ts';
import { PayingUsers } from '../load/paying-users.ts';
import { monotonicMs } from '../load/stream-audience.ts';
import { ProductSite } from '../process/product-site.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure, ratioFigure } from './figure.ts';
import { kafkaSettings, withKafka } from './kafka-place.ts';
import { interleave, type LoadRun, runLoad } from './load-run.ts';
import { LoadedProduct } from './loaded-product.ts';

const users = 1_000;
const delayedPayments = 300;
const settledWithinMs = 60_000;

/** What differs between the two logs. */
interface Plan {
  readonly log: string;
  readonly connections: number;
  readonly delayMsMax: number;
  /** Repetitions that do not count; see the figures of commands on Kafka. */
  readonly warmUps: number;
  /** Of `LoadedProduct.prepare`. */
  readonly slack: number;
}

/** Payments on the embedded log, beside commands of the calculator. */
export function paymentsFigures(context: BenchContext): Promise<Figure[]> {
  return measure(context, { log: 'embedded', connections: 64, delayMsMax: 50, warmUps: 1, slack: 0 });
}

/** The same on a real Kafka and a real PostgreSQL. */
export function paymentsKafkaFigures(context: BenchContext): Promise<Figure[]> {
  const plan = { log: 'Kafka', connections: 256, delayMsMax: 250, warmUps: 6, slack: 1 };
  return withKafka(context, (place) => measure(context, plan, kafkaSettings(place)));
}

async function measure(context: BenchContext, plan: Plan, settings: Record<string, string> = {}): Promise<Figure[]> {
  const { directory, generator, repeat, seconds, tell } = context;
  const { log, connections, delayMsMax } = plan;
  const site = await ProductSite.make(join(directory, `payments-${log}`), settings);
  try {
    const process = await site.start();
    await process.ready();
    const product = await LoadedProduct.prepare(process, generator, plan.slack);
    const paying = await PayingUsers.register(process.port, users);
    const requests = paying.payments;
    const pay = async (): Promise<LoadRun> => {
      const before = await paying.completed();
      const startedAt = monotonicMs();
      const run = await runLoad(generator, [process], { side: 'payments', connections, seconds, requests });
      const completed = await untilSettled(paying, before + run.load.answers);
      const tookSeconds = (monotonicMs() - startedAt) / 1_000;
      const faults = completed < before + run.load.answers ? ['payments that were answered and not completed'] : [];
      const perSecond = rounded((completed - before) / tookSeconds, 1);
      return { ...run, perSecond, faults: [...run.faults, ...faults] };
    };
    const sides = [() => product.commands(connections, seconds), pay];
    await interleave(plan.warmUps, sides, () => undefined);
    const runs = await interleave(repeat, sides, tell);
    const delays = (await paying.delays(delayedPayments)).sort((one, other) => one - other);
    const p99 = rounded(delays[Math.floor(delays.length * 0.99)] ?? Number.NaN);
    tell(`${log}: from the payer's 200 to the payee's stream: p50 ${rounded(median(delays))} ms, p99 ${p99} ms`);
    // It ends with another code than 0 when any money was lost, made or overdrawn.
    tell(await site.cli(['payments', 'verify']));
    const name = `${log}: completed payments/s, ${connections} connections among ${users.toLocaleString('en')} users ÷ commands/s`;
    return [
      paymentsFigure(name, runs),
      figure({
        name: `${log}: from the payer's 200 to the payee's balance on the stream, p99`,
        unit: 'ms',
        target: { atMost: delayMsMax },
        measured: p99,
        medians: { p50: rounded(median(delays)) },
        faults: [],
        repetitions: [{ delays: delays.map((delay) => rounded(delay)) }],
      }),
    ];
  } finally {
    await site.remove();
  }
}

/** Both legs of all that were answered. @returns the number of completed payments */
async function untilSettled(paying: PayingUsers, expected: number): Promise<number> {
  const deadline = monotonicMs() + settledWithinMs;
  for (;;) {
    const completed = await paying.completed();
    if (completed >= expected || monotonicMs() > deadline) return completed;
    await pause(20);
  }
}

function paymentsFigure(name: string, runs: readonly LoadRun[]): Figure {
  // The ratio of the figures is ours over the other's: here ours are the payments.
  const swapped = runs.map((run) => ({ ...run, side: run.side === 'payments' ? 'commands' : 'calculator' }));
  return ratioFigure({ name, other: 'calculator', atLeast: 0.25 }, swapped);
}
