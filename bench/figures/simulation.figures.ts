import { join } from 'node:path';
import { pause } from '../../scripts/process/wait.ts';
import { PayingUsers } from '../load/paying-users.ts';
import { monotonicMs } from '../load/stream-audience.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { oldestWaitingSeconds } from '../process/metrics.ts';
import { ProductSite } from '../process/product-site.ts';
import { mean, median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure } from './figure.ts';
import { kafkaSettings, withKafka } from './kafka-place.ts';

/** Of `--seconds`: ten minutes, unless something else is asked for. */
const duration = 75;
const virtualUsers = 1_000;
const paymentsPerSecond = 200;
const lagSecondsMax = 1;
/** Memory is flat when the last fifth of the time takes no more than a tenth more than the second. */
const parts = 5;
const growthMax = 1.1;
const settings = { ROLES: 'api,processor,reactor,projector,simulator', OPENING_BALANCE: '1000000' };

interface Sample {
  readonly megabytes: number;
  readonly oldestWaitingSeconds: number;
}

/** A thousand virtual users for ten minutes on the embedded log. */
export function simulationFigures(context: BenchContext): Promise<Figure[]> {
  return measure(context, 'embedded');
}

/** The same on a real Kafka and a real PostgreSQL. */
export function simulationKafkaFigures(context: BenchContext): Promise<Figure[]> {
  return withKafka(context, (place) => measure(context, 'Kafka', kafkaSettings(place)));
}

async function measure(context: BenchContext, log: string, servers: Record<string, string> = {}): Promise<Figure[]> {
  const { build, directory, seconds, tell } = context;
  const site = await ProductSite.make(join(directory, `simulation-${log}`), { ...settings, ...servers });
  try {
    const process = await site.start(build.simulation);
    await process.ready();
    const paying = await PayingUsers.register(process.port, 2);
    await untilAllAreThere(process, paying);
    const before = await paying.completed();
    const startedAtMs = monotonicMs();
    const probes = paying.delays(duration * seconds, 1_000);
    const samples = await sampled(process, duration * seconds);
    const delays = await probes;
    const perSecond = rounded(((await paying.completed()) - before) / ((monotonicMs() - startedAtMs) / 1_000), 1);
    const faults = perSecond < paymentsPerSecond ? [`only ${perSecond} payments/s`] : [];
    tell(`${log}: ${perSecond} payments/s for ${duration * seconds} s`);
    // It ends with another code than 0 when any money was lost, made or overdrawn.
    tell(await site.cli(['payments', 'verify']));
    const name = `${log}: ${virtualUsers.toLocaleString('en')} virtual users, ${paymentsPerSecond} payments/s`;
    return [lagFigure(name, delays, samples, faults), memoryFigure(name, samples, faults)];
  } finally {
    await site.remove();
  }
}

async function untilAllAreThere(process: BenchProcess, paying: PayingUsers): Promise<void> {
  await process.until('virtual users', async () => (await paying.usersThere(virtualUsers + 2)) >= virtualUsers + 2);
}

/** One a second. */
async function sampled(process: BenchProcess, count: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAtMs = monotonicMs();
  while (samples.length < count) {
    await pause(Math.max(0, startedAtMs + samples.length * 1_000 - monotonicMs()));
    const [megabytes, waiting] = [await process.residentMegabytes(), await oldestWaitingSeconds(process.port)];
    samples.push({ megabytes, oldestWaitingSeconds: waiting });
  }
  return samples;
}

/** The most of what views lacked and of what a payment took until the payee saw it. */
function lagFigure(name: string, delays: readonly number[], samples: readonly Sample[], faults: string[]): Figure {
  const seen = delays.map((ms) => ms / 1_000);
  const views = Math.max(...samples.map((sample) => sample.oldestWaitingSeconds));
  const payee = Math.max(...seen);
  return figure({
    name: `${name}: lag`,
    unit: 's',
    target: { atMost: lagSecondsMax },
    measured: rounded(Math.max(views, payee), 3),
    medians: { views: rounded(views, 3), payee: rounded(payee, 3), payeeP50: rounded(median(seen), 3) },
    faults,
    repetitions: [
      { delays: delays.map((ms) => rounded(ms)) },
      { views: samples.map((sample) => sample.oldestWaitingSeconds) },
    ],
  });
}

function memoryFigure(name: string, samples: readonly Sample[], faults: string[]): Figure {
  const megabytes = samples.map((sample) => sample.megabytes);
  const size = Math.floor(samples.length / parts);
  const early = rounded(mean(megabytes.slice(size, 2 * size)), 1);
  const late = rounded(mean(megabytes.slice(-size)), 1);
  return figure({
    name: `${name}: resident memory, last fifth ÷ second`,
    unit: '×',
    target: { atMost: growthMax },
    measured: rounded(late / early, 3),
    medians: { early, late },
    faults,
    repetitions: [{ megabytes }],
  });
}
