import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../scripts/process/ports.ts';
import { pause } from '../../scripts/process/wait.ts';
import { productMain } from '../../test/support/product-build.ts';
import { BenchProcess } from '../process/bench-process.ts';
import type { BenchContext } from './bench-context.ts';
import { type Figure, idleAfterMs, latencyFigure, memoryFigure, ratioFigure } from './figure.ts';
import { KafkaPeer, type PeerLayout, peerLayouts } from './kafka-peer.ts';
import { type KafkaPlace, kafkaSettings, withKafka } from './kafka-place.ts';
import { besides, interleave, type LoadRun } from './load-run.ts';
import { LoadedProduct } from './loaded-product.ts';

const connections = 256;
/**
 * Repetitions that do not count: until the broker has compiled what it does often, over a minute of load, it halves the rate of either side.
 * Its processor time per command of ours was 184 µs in the first half minute, 94 in the next, and 50 after some minutes.
 */
const warmUpRepetitions = 6;
const idleMegabytesMax = 300;

/** The product on a real Kafka and a real PostgreSQL, against what Nest itself offers for request and reply on Kafka. */
export function kafkaFigures(context: BenchContext): Promise<Figure[]> {
  return withKafka(context, (place) => measure(context, place));
}

async function measure(context: BenchContext, place: KafkaPlace): Promise<Figure[]> {
  const { generator, repeat, seconds, tell } = context;
  const { layout, trials } = await fasterLayout(context, place);
  const process = await startProduct(context, place);
  let peer: KafkaPeer | undefined;
  try {
    await process.ready();
    await pause(idleAfterMs);
    const megabytes = await process.residentMegabytes();
    tell(`Kafka, idle: ${megabytes} MB`);
    const rival = (peer = await KafkaPeer.start(context, layout, place.brokers, `${place.prefix}-peer`));
    const product = await LoadedProduct.prepare(process, generator, 1);
    const round = (count: number) => [
      () => besides(rival.processes, () => product.commands(count, seconds)),
      () => besides([process], () => rival.run(count, seconds)),
    ];
    tell('warming up');
    await interleave(warmUpRepetitions, round(connections), () => undefined);
    const busy = await interleave(repeat, round(connections), tell);
    const calm = await interleave(repeat, round(1), tell);
    const ratio = { name: 'Kafka: decided commands/s, 256 connections ÷ Nest ClientKafka', other: 'peer', atLeast: 2 };
    return [
      ratioFigure(ratio, busy, trials),
      latencyFigure('Kafka: p50 of a decided command, 1 connection', 6, calm),
      memoryFigure('Kafka: resident memory, idle', idleMegabytesMax, megabytes),
    ];
  } finally {
    await peer?.stop();
    await process.stop();
  }
}

/** Runs the peer in each layout, alone on the machine, and takes the one that does more. */
async function fasterLayout(
  context: BenchContext,
  { brokers, prefix }: KafkaPlace,
): Promise<{ layout: PeerLayout; trials: readonly LoadRun[] }> {
  const { seconds, tell } = context;
  const trials: LoadRun[] = [];
  let layout: PeerLayout = peerLayouts[0];
  let most = 0;
  for (const [index, candidate] of peerLayouts.entries()) {
    const peer = await KafkaPeer.start(context, candidate, brokers, `${prefix}-trial-${index}`);
    try {
      await peer.run(connections, seconds);
      const trial = await peer.run(connections, seconds);
      trials.push({ ...trial, side: `peer in ${candidate}, alone` });
      tell(`the peer in ${candidate}, alone: ${trial.perSecond}/s`);
      if (trial.perSecond > most) [layout, most] = [candidate, trial.perSecond];
    } finally {
      await peer.stop();
    }
  }
  return { layout, trials };
}

async function startProduct({ directory }: BenchContext, place: KafkaPlace): Promise<BenchProcess> {
  const cwd = join(directory, 'kafka');
  await mkdir(cwd);
  return BenchProcess.start({
    entry: productMain(),
    port: await freePort(),
    env: { DATA_DIR: join(cwd, 'data'), LOG_FORMAT: 'json', ...kafkaSettings(place) },
    logFile: join(cwd, 'log.json'),
    cwd,
  });
}
