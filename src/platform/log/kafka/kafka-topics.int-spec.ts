import type { ITopicConfig } from 'kafkajs';
import { eventually } from '../../../../test/support/eventually';
import { readToEnd } from '../contract/contract-tools.contract';
import type { NewRecord } from '../log.port';
import { KafkaLog } from './kafka-log';
import { openLogs, plainKafka, testOptions } from './testing/test-options';

describe('the topics of the Kafka log', () => {
  const logs = openLogs();

  afterEach(() => logs.close());

  const keepEntries = [retention('-1'), { name: 'retention.bytes', value: '-1' }];

  describe('start', () => {
    it('says in one line that no broker is there, after a bounded wait', async () => {
      const opening = KafkaLog.open(
        testOptions({ topicPrefix: logs.topicPrefix, brokers: ['127.0.0.1:9'], startTimeoutMs: 500 }),
      );
      await expect(opening).rejects.toMatchObject({
        name: 'LogSetupError',
        code: 'LOG_UNREACHABLE',
        message: expect.stringMatching(/^no Kafka broker of 127\.0\.0\.1:9 could be reached in 500 ms: [^\n]+$/),
      });
    });

    it('lets two processes start at once, with one id', async () => {
      const started = await Promise.all([logs.open(), logs.open(), logs.open()]);
      expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    });

    it('works on topics that an administrator has made, with their count', async () => {
      await makeTopics([{ topic: `${logs.topicPrefix}m.commands`, numPartitions: 6, configEntries: keepEntries }]);
      const log = await logs.open();
      expect([log.partitions('m.commands'), log.partitions('m.events')]).toEqual([6, 6]);
    });

    it('refuses counts that differ within a module or from an explicit setting', async () => {
      await makeTopics([
        { topic: `${logs.topicPrefix}m.commands`, numPartitions: 6, configEntries: keepEntries },
        { topic: `${logs.topicPrefix}m.events`, numPartitions: 5, configEntries: keepEntries },
        { topic: `${logs.topicPrefix}single`, numPartitions: 3, configEntries: keepEntries },
      ]);
      await expect(logs.open()).rejects.toMatchObject({
        code: 'LOG_TOPIC_POLICY',
        message: 'topic m.events: it has 5 partitions and must have as many as m.commands, 6',
      });
      const strict = await KafkaLog.open(testOptions({ topicPrefix: logs.topicPrefix, partitionsExplicit: true }));
      await expect(strict.ensureTopics([{ name: 'single', policy: 'keep' }])).rejects.toMatchObject({
        message: 'topic single: it has 3 partitions and must have 4 (PARTITIONS)',
      });
      await strict.close();
    });

    it('refuses a topic that would forget', async () => {
      await makeTopics([
        { topic: `${logs.topicPrefix}m.commands`, numPartitions: 4, configEntries: [retention('604800000')] },
      ]);
      await expect(logs.open()).rejects.toMatchObject({
        code: 'LOG_TOPIC_POLICY',
        message: `topic ${logs.topicPrefix}m.commands: retention.ms is 604800000 and must be -1`,
      });
    });
  });

  describe('compacted topics', () => {
    it('reads on over batches whose last records are gone', async () => {
      const log = await logs.open();
      await makeTopics([
        {
          topic: `${logs.topicPrefix}m.state`,
          numPartitions: 4,
          configEntries: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'segment.ms', value: '100' },
            { name: 'min.cleanable.dirty.ratio', value: '0.01' },
            { name: 'max.compaction.lag.ms', value: '100' },
          ],
        },
      ]);
      await log.ensureTopics([{ name: 'm.state', policy: 'compact' }]);
      const state = (key: string, value: string): NewRecord => ({
        topic: 'm.state',
        partition: 0,
        key,
        value,
        headers: {},
      });
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

  function retention(value: string): { name: string; value: string } {
    return { name: 'retention.ms', value };
  }
});

/** As an administrator would. Leaders are waited for by what opens the log. */
async function makeTopics(topics: ITopicConfig[]): Promise<void> {
  const admin = plainKafka().admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics, waitForLeaders: false });
  } finally {
    await admin.disconnect();
  }
}
