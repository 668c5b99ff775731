import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase } from '../../scripts/postgres/database.ts';
import { freePort } from '../../scripts/process/ports.ts';
import { pause } from '../../scripts/process/wait.ts';
import { provideServers, type Servers } from '../../scripts/servers.ts';
import { productMain } from '../../test/support/product-build.ts';
import { BenchProcess } from '../process/bench-process.ts';
import type { BenchContext } from './bench-context.ts';
import { interleave, latencyFigure, ratioFigure } from './embedded.figures.ts';
import { figure, type Figure } from './figure.ts';
import { deleteTopics, KafkaPeer, type PeerLayout, peerLayouts } from './kafka-peer.ts';
import { LoadedProduct, type LoadRun } from './loaded-product.ts';
import { idleAfterMs, idleMegabytesMax } from './start.figures.ts';

const connections = 256;
const warmUpSecondsMax = 3;

/** The product on a real Kafka and a real PostgreSQL, against what Nest itself offers for request and reply on Kafka. */
export async function kafkaFigures(context: BenchContext): Promise<Figure[]> {
  context.tell('starting Kafka and PostgreSQL');
  const servers = await provideServers();
  const prefix = `bench-${randomBytes(4).toString('hex')}`;
  const database = await createDatabase(servers.databaseUrl);
  try {
    return await measure(context, { ...servers, databaseUrl: database.url }, prefix);
  } finally {
    await database.drop();
    await deleteTopics(servers.kafkaBrokers, prefix);
    await servers.close();
  }
}

async function measure(context: BenchContext, servers: Servers, prefix: string): Promise<Figure[]> {
  const { generator, repeat, seconds, tell } = context;
  const trials: LoadRun[] = [];
  for (const layout of peerLayouts) trials.push(await tryLayout(context, layout, servers.kafkaBrokers, prefix));
  const best = peerLayouts[trials.findIndex(({ perSecond }) => perSecond === Math.max(...trials.map(rateOf)))];
  if (best === undefined) throw new RangeError('no layout of the peer was tried');

  const process = await startProduct(context, servers, prefix);
  let peer: KafkaPeer | undefined;
  try {
    await pause(idleAfterMs);
    const memory = await process.residentMegabytes();
    tell(`Kafka, idle: ${memory} MB`);
    peer = await KafkaPeer.start(context, best, servers.kafkaBrokers, `${prefix}-peer`);
    const product = await LoadedProduct.prepare(process, generator, 1);
    await product.commands(connections, Math.min(warmUpSecondsMax, seconds));
    await peer.run(connections, Math.min(warmUpSecondsMax, seconds));

    const { run } = bind(peer);
    const busy = await interleave(repeat, [
      () => product.commands(connections, seconds),
      () => run(connections, seconds),
    ]);
    for (const { side, perSecond } of busy) tell(`Kafka, ${connections} connections: ${side} ${perSecond}/s`);
    const calm = await interleave(repeat, [() => product.commands(1, seconds), () => run(1, seconds)]);
    for (const { side, load } of calm) tell(`Kafka, 1 connection: ${side} p50 ${load.latencyMs.p50} ms`);

    const ratio = ratioFigure('Kafka: decided commands/s, 256 connections ÷ Nest ClientKafka', 'peer', 2, busy);
    return [
      { ...ratio, repetitions: [...ratio.repetitions, ...trials] },
      latencyFigure('Kafka: p50 of a decided command, 1 connection', 6, calm),
      figure({
        name: 'Kafka: resident memory, idle',
        unit: 'MB',
        target: { atMost: idleMegabytesMax.kafka },
        measured: memory,
        medians: {},
        faults: [],
        repetitions: [{ megabytes: memory }],
      }),
    ];
  } finally {
    await peer?.stop();
    await process.stop();
  }
}
