import { randomInt, randomUUID } from 'node:crypto';
import { eventually } from '../../../../test/support/eventually';
import { KafkaProxy, type Fault, type FaultKind, type KafkaRequestName } from '../../../../test/support/kafka-proxy';
import { faultCount } from '../../../../test/support/test-modes';
import { readAll } from '../contract/contract-tools.contract';
import type { Log, LogRecord, NewRecord, OwnedPartition, TopicSpec } from '../log.port';
import { KafkaLog } from './kafka-log';
import { testOptions } from './testing/test-options';

const PARTITIONS = 2;
const CALLERS = 8;
const STUCK_MS = 15_000;
const TOPICS: readonly TopicSpec[] = [
  { name: 'm.commands', partitions: PARTITIONS, policy: 'keep' },
  { name: 'm.events', partitions: PARTITIONS, policy: 'keep' },
  { name: 'm.replies', partitions: PARTITIONS, policy: 'keep' },
];
const KINDS: readonly FaultKind[] = [
  'drop answer',
  'drop answer and reset',
  'reset before',
  'drop request',
  'deliver late',
  'answer late',
];
const REQUESTS: readonly KafkaRequestName[] = [
  'produce',
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'txnOffsetCommit',
  'endTxn',
];

/** Those that tell a right guard from a wrong one come first, in every run. */
const SHARPEST: readonly Omit<Fault, 'ms'>[] = [
  { request: 'endTxn', kind: 'drop answer and reset' },
  { request: 'endTxn', kind: 'drop answer' },
  { request: 'endTxn', kind: 'deliver late' },
  { request: 'produce', kind: 'reset before' },
  { request: 'txnOffsetCommit', kind: 'drop answer and reset' },
];

describe('the Kafka log behind a faulty network', () => {
  const faults = faultCount({ small: 16, full: 3_000 });
  const seed = Number(process.env['FAULT_SEED'] ?? randomInt(1_000_000));
  const random = seeded(seed);
  let proxy: KafkaProxy;
  let direct: Log;
  let faulty: Log;
  let callers: Callers | undefined;

  beforeEach(async () => {
    const options = testOptions({ topicPrefix: `f-${randomUUID()}.` });
    direct = await KafkaLog.open(options);
    await direct.ensureTopics(TOPICS);
    proxy = await KafkaProxy.start(options.brokers[0] ?? '');
    faulty = await KafkaLog.open({ ...options, brokers: [proxy.address] });
    await faulty.ensureTopics(TOPICS);
  });

  afterEach(async () => {
    void callers?.stop();
    proxy.disarm();
    await faulty.close();
    await proxy.close();
    await direct.close();
  });

  it(`G1 G2 G3 loses nothing, doubles nothing and keeps order through ${faults} faults (seed ${seed})`, async () => {
    process.stdout.write(`fault seed ${seed}\n`);
    const calling = new Callers(faulty);
    callers = calling;
    const lanes = new Lanes(faulty);
    const failures: Error[] = [];
    faulty.onFailure((error) => failures.push(error));
    await faulty.join({ group: 'm.processor', topics: ['m.commands'], own: (owned) => lanes.own(owned) });
    calling.start();
    await progressed(calling, lanes);

    for (let fault = 1; fault <= faults; fault++) {
      await oneFault(fault);
      expect(failures).toEqual([]);
      await progressed(calling, lanes);
    }

    proxy.disarm();
    await calling.stop();
    await eventually(() => expect(lanes.decided).toBeGreaterThanOrEqual(calling.acknowledged), { within: STUCK_MS });
    for (const topic of ['m.events', 'm.replies']) {
      const written = Map.groupBy(await readAll(direct, topic, PARTITIONS), ({ key }) => key);
      expect(written.size).toBe(CALLERS);
      for (const [key, records] of written) {
        const steps = records.map(({ value }) => Number(value));
        expect({ topic, key, steps }).toEqual({ topic, key, steps: steps.map((_, index) => index) });
        expect(steps.length).toBeGreaterThanOrEqual(calling.acknowledgedOf(key ?? ''));
      }
    }
    const asked = await readAll(direct, 'm.commands', PARTITIONS);
    const times = Map.groupBy(asked, ({ key, value }) => `${key} ${value}`);
    for (const [command, written] of times) {
      expect({ command, written: written.length }).toEqual({
        command,
        written: calling.timesOf(command, written.length),
      });
    }
    expect(failures).toEqual([]);
  });

  /** Mostly one spoilt request, at times a second one of the recovery; now and then all connections at once. */
  async function oneFault(number: number): Promise<void> {
    if (number % 10 === 0) {
      if (random() < 0.5) proxy.cutAll();
      else proxy.blackhole(300 + random() * 2_000);
      return;
    }
    const sharp = SHARPEST[number - 1];
    const met = proxy.inject(sharp === undefined ? pick(REQUESTS) : { ...sharp, ms: 30 });
    if (random() < 0.4) void proxy.inject(pick(['initProducerId']));
    await within(STUCK_MS, 'a fault was not met', met);
  }

  function pick(requests: readonly KafkaRequestName[]): Fault {
    const request = requests[Math.floor(random() * requests.length)] ?? 'produce';
    const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'drop answer';
    return { request, kind, ms: 3 + random() * 797 };
  }
});

/** The API's side: each caller appends its numbers in order and repeats one until it is acknowledged. */
class Callers {
  private readonly acked = new Map<string, number>();
  private readonly rejected = new Map<string, number>();
  private running: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(private readonly log: Log) {}

  start(): void {
    this.running = Promise.all(Array.from({ length: CALLERS }, (_, caller) => this.call(`caller-${caller}`)));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  get acknowledged(): number {
    return [...this.acked.values()].reduce((sum, steps) => sum + steps, 0);
  }

  acknowledgedOf(caller: string): number {
    return this.acked.get(caller) ?? 0;
  }

  /** How often a command may stand in the log that stands there `written` times: once, and once more for each append that was rejected. */
  timesOf(command: string, written: number): number {
    return Math.min(written, 1 + (this.rejected.get(command) ?? 0));
  }

  private async call(key: string): Promise<void> {
    for (let step = 0; !this.stopped; step++) {
      const command = { topic: 'm.commands', key, value: String(step), headers: {} };
      let acknowledged = await this.tried(command);
      for (; !acknowledged && !this.stopped; acknowledged = await this.tried(command)) await pause();
      if (acknowledged) this.acked.set(key, step + 1);
      await pause();
    }
  }

  private async tried(command: NewRecord): Promise<boolean> {
    try {
      await this.log.append([command]);
      return true;
    } catch {
      const place = `${command.key} ${command.value}`;
      this.rejected.set(place, (this.rejected.get(place) ?? 0) + 1);
      return false;
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** The processor's side: drops repeated commands, answers each other one by an event and a reply, in one transaction. */
class Lanes {
  decided = 0;

  constructor(private readonly log: Log) {}

  async own({ topic, partition, signal }: OwnedPartition): Promise<void> {
    const writer = await this.log.openWriter('m.processor', topic, partition);
    const done = new Map<string, number>();
    for (const event of await readPartition(this.log, 'm.events', partition))
      done.set(event.key ?? '', Number(event.value));
    let from = writer.committed ?? 0;
    let least = from;
    for await (const { records } of this.log.follow(topic, partition, from, signal)) {
      const last = records.at(-1);
      if (last === undefined) continue;
      for (const { offset } of records) {
        if (offset < least) throw new Error(`offset ${offset} comes again, or late, after ${least}`);
        least = offset + 1;
      }
      const fresh = records.filter((command) => isFresh(command, done));
      const written = fresh.flatMap(({ key, value }): NewRecord[] =>
        ['m.events', 'm.replies'].map((name) => ({ topic: name, partition, key, value, headers: {} })),
      );
      await writer.commit(from, last.offset + 1, written);
      from = last.offset + 1;
      this.decided += fresh.length;
    }
    await writer.close();
  }
}

function isFresh({ key, value }: LogRecord, done: Map<string, number>): boolean {
  const step = Number(value);
  if (step <= (done.get(key ?? '') ?? -1)) return false;
  done.set(key ?? '', step);
  return true;
}

async function readPartition(log: Log, topic: string, partition: number): Promise<LogRecord[]> {
  return (await readAll(log, topic, partition + 1)).filter((record) => record.partition === partition);
}

async function progressed(callers: Callers, lanes: Lanes): Promise<void> {
  const { acknowledged } = callers;
  const { decided } = lanes;
  await eventually(
    () => {
      expect(callers.acknowledged).toBeGreaterThan(acknowledged);
      expect(lanes.decided).toBeGreaterThan(decided);
    },
    { within: STUCK_MS },
  );
}

async function within(ms: number, what: string, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} in ${ms} ms`)), ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
