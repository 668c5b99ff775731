import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { freePort } from '../../scripts/process/ports.ts';
import { rawRequest } from '../load/load-result.ts';
import { BenchProcess } from '../process/bench-process.ts';
import type { BenchContext } from './bench-context.ts';
import { type LoadRun, runLoad } from './load-run.ts';

/** Both halves in one process, or the HTTP gateway and the Kafka service in one each. */
export const peerLayouts = ['one process', 'two processes'] as const;
export type PeerLayout = (typeof peerLayouts)[number];

const partitions = 4;

/** Stock Nest request and reply through Kafka, running. */
export class KafkaPeer {
  readonly layout: PeerLayout;
  readonly #context: BenchContext;
  readonly processes: readonly BenchProcess[];
  readonly #requests: readonly string[];

  private constructor(layout: PeerLayout, context: BenchContext, processes: readonly BenchProcess[]) {
    this.layout = layout;
    this.#context = context;
    this.processes = processes;
    const [{ port } = { port: 0 }] = processes;
    const ids = Array.from({ length: 1_000 }, () => randomUUID());
    const body = { operation: 'ADD', value: 1 };
    this.#requests = ids.map((id) => rawRequest({ port, method: 'POST', path: `/values/${id}`, body }));
  }

  /**
   * Makes its topics and starts it.
   * @param name of its topic, group and folder, used once
   * @throws Error with its output when it does not come up
   */
  static async start(context: BenchContext, layout: PeerLayout, brokers: string, name: string): Promise<KafkaPeer> {
    const cwd = join(context.directory, name);
    await mkdir(cwd);
    const topic = `${name}.update`;
    await createTopics(brokers, [topic, `${topic}.reply`]);
    const start = async (half: string): Promise<BenchProcess> =>
      BenchProcess.start({
        entry: context.build.peer,
        port: await freePort(),
        env: { KAFKA_BROKERS: brokers, PEER_TOPIC: topic, PEER_GROUP: name, PEER_HALF: half },
        logFile: join(cwd, `${half}.log`),
        cwd,
      });
    const halves = layout === 'one process' ? ['both'] : ['gateway', 'service'];
    const peer = new KafkaPeer(layout, context, await Promise.all(halves.map(start)));
    try {
      await peer.#answers();
    } catch (error) {
      await peer.stop();
      throw error;
    }
    return peer;
  }

  run(connections: number, seconds: number): Promise<LoadRun> {
    const options = { side: 'peer', connections, seconds, requests: this.#requests };
    return runLoad(this.#context.generator, this.processes, options);
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
  }

  /** It listens before its consumers have joined their groups. */
  async #answers(): Promise<void> {
    const [front] = this.processes;
    await front?.until('an answer from the peer', async () => {
      const answer = await fetch(`http://127.0.0.1:${front.port}/values/${randomUUID()}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"operation":"ADD","value":1}',
        signal: AbortSignal.timeout(2_000),
      });
      await answer.arrayBuffer();
      return answer.status === 200;
    });
  }
}

async function createTopics(brokers: string, topics: readonly string[]): Promise<void> {
  await asAdmin(brokers, async (admin) => {
    await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: partitions })) });
  });
}

/** Removes what a run has made on a broker that goes on living. */
export async function deleteTopics(brokers: string, prefix: string): Promise<void> {
  await asAdmin(brokers, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
}

async function asAdmin(brokers: string, work: (admin: ReturnType<Kafka['admin']>) => Promise<void>): Promise<void> {
  const admin = new Kafka({ clientId: 'bench', brokers: brokers.split(','), logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
