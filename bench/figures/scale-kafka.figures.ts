import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GiveUp } from '../../scripts/process/wait.ts';
import { fillValues } from '../load/fill-load-generator.ts';
import { addToValue } from '../load/value-requests.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { settled } from '../process/metrics.ts';
import { ProductSite } from '../process/product-site.ts';
import { median, rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { figure, type Figure } from './figure.ts';
import { kafkaSettings, withKafka } from './kafka-place.ts';
import { rebuildFigures } from './rebuild-figures.ts';

const connections = 256;
/** Random ids; that one of the 4 partitions has none of them happens once in 10⁷ runs. */
const probeCount = 64;
/** On Kafka the marker of the last transaction is a record that no view sees. */
const slack = 1;
const settledWithinMs = 600_000;
const restoredWithinMs = 300_000;
const restoreSecondsMax = 30;
const rebuiltPerSecondMin = 50_000;

/** A million aggregates on Kafka and PostgreSQL: the way back after the disk was lost, and rebuilds. */
export function scaleKafkaFigures(context: BenchContext): Promise<Figure[]> {
  return withKafka(context, async (place) => {
    const site = await ProductSite.make(join(context.directory, 'scale-kafka'), {
      ...kafkaSettings(place),
      // The one key that would be lost with the disk.
      DATA_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    });
    try {
      return await measure(context, site);
    } finally {
      await site.remove();
    }
  });
}

async function measure(context: BenchContext, site: ProductSite): Promise<Figure[]> {
  const { aggregates, directory, repeat, tell } = context;
  let process = await site.start();
  await process.ready();
  tell(`creating ${aggregates} values`);
  const { ids, perSecond, faults } = await fillValues(directory, {
    port: process.port,
    connections,
    values: aggregates,
  });
  tell(`${perSecond} values/s`);
  let events = (await settled(process.port, slack, settledWithinMs)).decided;
  const repetitions: { seconds: number; readySeconds: number; megabytes: number }[] = [];
  for (let index = 1; index <= repeat; index++) {
    await site.stop();
    await site.loseData();
    process = await site.start();
    const [seconds, readySeconds] = await restored(process, ids.slice(-probeCount));
    // Each process counts what it has decided itself.
    events += (await settled(process.port, slack, settledWithinMs)).decided;
    const megabytes = await process.residentMegabytes();
    repetitions.push({ seconds, readySeconds, megabytes });
    tell(`restore ${index}: ${seconds} s, ready after ${readySeconds} s, then ${megabytes} MB`);
  }
  const measured = rounded(median(repetitions.map(({ seconds }) => seconds)), 3);
  const restore = figure({
    name: `Kafka: restore of ${aggregates.toLocaleString('en')} aggregates after losing the disk`,
    unit: 's',
    target: { atMost: restoreSecondsMax },
    measured,
    medians: {
      restore: measured,
      ready: rounded(median(repetitions.map(({ readySeconds }) => readySeconds)), 3),
      'values/s': perSecond,
    },
    faults,
    repetitions,
  });
  return [
    restore,
    ...(await rebuildFigures(context, site, { events, store: 'PostgreSQL', atLeast: rebuiltPerSecondMin })),
  ];
}

/** Seconds since the process was spawned until each value had a command decided, and until it was ready. */
async function restored(process: BenchProcess, ids: readonly string[]): Promise<[number, number]> {
  const decided = async (id: string): Promise<boolean> => {
    const status = await addToValue(process.port, id, 1);
    if (status >= 400 && status < 500) throw new GiveUp(`a command was answered ${status}`);
    return status === 200;
  };
  const ready = process.ready('/health/ready', restoredWithinMs);
  const commands = Promise.all(
    ids.map((id) => process.until('a decided command', () => decided(id), restoredWithinMs)),
  ).then(() => process.ageMs);
  const [commandsMs, readyMs] = await Promise.all([commands, ready]);
  return [rounded(commandsMs / 1_000, 3), rounded(readyMs / 1_000, 3)];
}
