import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { eventually } from '../../../../test/support/eventually';
import { aborted, describeLogContract, readToEnd, type LogUnderTest } from '../log.contract';
import { WriterFenced, type Log, type NewRecord } from '../log.port';
import { KafkaLog } from './kafka-log';
import { testOptions } from './testing/test-options';

describeLogContract('on Kafka', async (): Promise<LogUnderTest> => {
  const topicPrefix = `t-${randomUUID()}.`;
  const opened: Log[] = [];
  return {
    members: 'many',
    open: async () => {
      const log = await KafkaLog.open(testOptions({ topicPrefix }));
      opened.push(log);
      return log;
    },
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()));
    },
  };
});

describe('the Kafka log', () => {
  const opened: Log[] = [];
  let topicPrefix: string;

  async function open(options: Parameters<typeof testOptions>[0] = {}): Promise<KafkaLog> {
    const log = await KafkaLog.open(testOptions({ topicPrefix, ...options }));
    opened.push(log);
    await log.ensureTopics([
      { name: 'm.commands', policy: 'keep' },
      { name: 'm.events', policy: 'keep' },
    ]);
    return log;
  }

  beforeEach(() => {
    topicPrefix = `t-${randomUUID()}.`;
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()));
  });

  describe('groups of several members', () => {
    it('shares the partitions evenly, hands them over, and gives all to the last', async () => {
      const running = new Set<string>();
      const owner =
        (member: string) =>
        async ({ partition, signal }: { partition: number; signal: AbortSignal }): Promise<void> => {
          const place = `${member}/${partition}`;
          if (running.has(place)) throw new Error(`${place} runs twice`);
          running.add(place);
          await aborted(signal);
          running.delete(place);
        };
      const [one, two] = [await open(), await open()];
      const failures: Error[] = [];
      for (const log of [one, two]) log.onFailure((error) => failures.push(error));
      const first = await one.join({ group: 'm.view', topics: ['m.commands'], own: owner('one') });
      await eventually(() => first.owned.length === 4);
      const second = await two.join({ group: 'm.view', topics: ['m.commands'], own: owner('two') });
      await eventually(() => expect([first.owned.length, second.owned.length]).toEqual([2, 2]), { within: 15_000 });
      await eventually(() => expect(running.size).toBe(4));
      const kept = [...running].filter((place) => place.startsWith('one/'));
      await first.leave();
      await eventually(() => expect(second.owned).toHaveLength(4), { within: 15_000 });
      await eventually(() => expect([...running].every((place) => place.startsWith('two/'))).toBe(true));
      expect(kept).toHaveLength(2);
      expect(failures).toEqual([]);
    });

    it('G4 takes over from a member that dies without a word', async () => {
      const one = await open({ sessionTimeoutMs: 6_000 });
      const two = await open({ sessionTimeoutMs: 6_000 });
      const first = await one.join({ group: 'm.view', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
      await eventually(() => first.owned.length === 4);
      stopHeartbeats(first);
      const second = await two.join({ group: 'm.view', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
      await eventually(() => expect(second.owned).toHaveLength(4), { within: 25_000 });
    });

    it('owns a partition afresh when a zombie has fenced its writer', async () => {
      const one = await open();
      const zombie = await open();
      const runs: number[] = [];
      const membership = await one.join({
        group: 'm.processor',
        topics: ['m.commands'],
        own: async ({ topic, partition, signal }) => {
          const writer = await one.openWriter('m.processor', topic, partition);
          runs.push(partition);
          for (let from = writer.committed ?? 0; !signal.aborted; from++) {
            await writer.commit(from, from + 1, []);
            await Promise.race([aborted(signal), new Promise((resolve) => setTimeout(resolve, 20))]);
          }
        },
      });
      await eventually(() => expect(runs).toHaveLength(4));
      await zombie.openWriter('m.processor', 'm.commands', 2);
      await eventually(() => expect(runs.filter((partition) => partition === 2)).toHaveLength(2));
      expect(runs).toHaveLength(5);
      await membership.leave();
    });

    it('lets nobody write for a partition that the group has given away', async () => {
      const one = await open();
      const two = await open();
      const first = await one.join({ group: 'm.processor', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
      await eventually(() => first.owned.length === 4);
      await two.join({ group: 'm.processor', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
      await eventually(() => first.owned.length === 2, { within: 15_000 });
      const lost = [0, 1, 2, 3].find((partition) => !first.owned.some((held) => held.partition === partition));
      await expect(one.openWriter('m.processor', 'm.commands', lost ?? -1)).rejects.toThrow(WriterFenced);
    });
  });

  describe('transactions', () => {
    it('commits the offsets of a group while members are in it', async () => {
      const log = await open();
      const positions: (number | undefined)[] = [];
      const membership = await log.join({
        group: 'm.processor',
        topics: ['m.commands'],
        own: async ({ topic, partition, signal }) => {
          const writer = await log.openWriter('m.processor', topic, partition);
          await writer.commit(0, 5, [event('x', partition)]);
          positions.push(writer.committed);
          await aborted(signal);
        },
      });
      await eventually(() => expect(positions).toEqual([5, 5, 5, 5]));
      await membership.leave();
    });

    it('G4 a paused writer that wakes after a take-over by another process changes nothing', async () => {
      const [paused, successor] = [await open(), await open()];
      const old = await paused.openWriter('m.processor', 'm.commands', 0);
      await old.commit(0, 1, [event('old')]);
      const young = await successor.openWriter('m.processor', 'm.commands', 0);
      await young.commit(1, 2, [event('young')]);
      await expect(old.commit(1, 2, [event('zombie')])).rejects.toThrow(WriterFenced);
      await young.commit(2, 3, [event('young again')]);
      const values = (await readToEnd(successor, 'm.events', 0)).map(({ value }) => value);
      expect(values).toEqual(['old', 'young', 'young again']);
    });

    it('shows open transactions to nobody, and aborted ones never', async () => {
      const log = await open();
      const kafka = new Kafka({ brokers: testOptions({}).brokers.slice(), logLevel: logLevel.NOTHING });
      const producer = kafka.producer({ transactionalId: `${topicPrefix}raw`, idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      const seen: (string | null)[] = [];
      const stop = new AbortController();
      const following = (async (): Promise<void> => {
        for await (const { records } of log.follow('m.events', 0, 0, stop.signal)) {
          for (const { value } of records) seen.push(value);
        }
      })();
      for (const [value, ending] of [['aborted', 'abort'], ['committed', 'commit']] as const) {
        const transaction = await producer.transaction();
        await transaction.send({ topic: `${topicPrefix}m.events`, messages: [{ partition: 0, value }] });
        await log.append([event(`after ${value}`)]);
        expect(seen).not.toContain(value);
        await transaction[ending]();
      }
      await eventually(() => expect(seen).toEqual(['after aborted', 'committed', 'after committed']));
      stop.abort();
      await following;
      await producer.disconnect();
    }, 30_000);
  });

  describe('start', () => {
    it('says in one line that no broker is there, after a bounded wait', async () => {
      const opening = KafkaLog.open(testOptions({ topicPrefix, brokers: ['127.0.0.1:9'], startTimeoutMs: 500 }));
      await expect(opening).rejects.toMatchObject({
        name: 'LogSetupError',
        code: 'LOG_UNREACHABLE',
        message: expect.stringMatching(/^no Kafka broker of 127\.0\.0\.1:9 could be reached in 500 ms: [^\n]+$/),
      });
    });

    it('lets two processes start at once, with one id', async () => {
      const logs = await Promise.all([open(), open(), open()]);
      expect(new Set(logs.map(({ id }) => id)).size).toBe(1);
    });

    it('works on topics that an administrator has made, with their count', async () => {
      await withAdmin(async (admin) => {
        await admin.createTopics({
          topics: [{ topic: `${topicPrefix}m.commands`, numPartitions: 6, configEntries: keepEntries }],
          waitForLeaders: true,
        });
      });
      const log = await open();
      expect([log.partitions('m.commands'), log.partitions('m.events')]).toEqual([6, 6]);
    });

    it('refuses counts that differ within a module or from an explicit setting', async () => {
      await withAdmin(async (admin) => {
        await admin.createTopics({
          topics: [
            { topic: `${topicPrefix}m.commands`, numPartitions: 6, configEntries: keepEntries },
            { topic: `${topicPrefix}m.events`, numPartitions: 5, configEntries: keepEntries },
            { topic: `${topicPrefix}single`, numPartitions: 3, configEntries: keepEntries },
          ],
          waitForLeaders: true,
        });
      });
      await expect(open()).rejects.toMatchObject({
        code: 'LOG_TOPIC_POLICY',
        message: 'topic m.events: it has 5 partitions and must have as many as m.commands, 6',
      });
      const strict = await KafkaLog.open(testOptions({ topicPrefix, partitionsExplicit: true }));
      opened.push(strict);
      await expect(strict.ensureTopics([{ name: 'single', policy: 'keep' }])).rejects.toMatchObject({
        message: 'topic single: it has 3 partitions and must have 4 (PARTITIONS)',
      });
    });

    it('refuses a topic that would forget', async () => {
      await withAdmin(async (admin) => {
        await admin.createTopics({
          topics: [{ topic: `${topicPrefix}m.commands`, numPartitions: 4, configEntries: [retention('604800000')] }],
          waitForLeaders: true,
        });
      });
      await expect(open()).rejects.toMatchObject({
        code: 'LOG_TOPIC_POLICY',
        message: `topic ${topicPrefix}m.commands: retention.ms is 604800000 and must be -1`,
      });
    });
  });

  describe('compacted topics', () => {
    it('reads on over batches whose last records are gone', async () => {
      const log = await open();
      await withAdmin(async (admin) => {
        await admin.createTopics({
          topics: [
            {
              topic: `${topicPrefix}m.state`,
              numPartitions: 4,
              configEntries: [
                { name: 'cleanup.policy', value: 'compact' },
                { name: 'segment.ms', value: '100' },
                { name: 'min.cleanable.dirty.ratio', value: '0.01' },
                { name: 'max.compaction.lag.ms', value: '100' },
              ],
            },
          ],
          waitForLeaders: true,
        });
      });
      await log.ensureTopics([{ name: 'm.state', policy: 'compact' }]);
      const state = (key: string, value: string): NewRecord => ({ topic: 'm.state', partition: 0, key, value, headers: {} });
      await log.append([state('a', '1'), state('b', '1'), state('c', 'old'), state('c', 'old')]);
      await log.append([state('c', 'older'), state('b', 'older')]);
      await eventually(
        async () => {
          await log.append([state('c', 'new'), state('b', 'new')]);
          const read = await readToEnd(log, 'm.state', 0);
          expect(read.filter(({ value }) => value?.startsWith('old'))).toEqual([]);
          expect(read.find(({ key }) => key === 'a')?.value).toBe('1');
        },
        { within: 55_000 },
      );
    }, 60_000);
  });

  const keepEntries = [retention('-1'), { name: 'retention.bytes', value: '-1' }];

  function retention(value: string): { name: string; value: string } {
    return { name: 'retention.ms', value };
  }

  function event(value: string, partition = 0): NewRecord {
    return { topic: 'm.events', partition, key: 'k', value, headers: {} };
  }
});

/** A process that is stopped by the operating system, as far as the group can see. */
function stopHeartbeats(membership: object): void {
  Object.assign(membership, { heartbeat: () => Promise.reject(new Error('stopped')) });
}

async function withAdmin(work: (admin: ReturnType<Kafka['admin']>) => Promise<void>): Promise<void> {
  const admin = new Kafka({ brokers: testOptions({}).brokers.slice(), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
