import { Kafka, logLevel } from 'kafkajs';
import type { EndedRun, Settings } from './support/app-process.ts';
import { describeModes } from './support/modes.ts';
import { expectStoppedStart } from './support/stopped-start.ts';

const boundedWaitMs = 60_000;

describeModes(
  'a start that cannot succeed says why in one line',
  ({ newSite }) => {
    // These wait for their server for a while before they give up; they wait together.
    const waiting = {
      broker: run({ KAFKA_BROKERS: '127.0.0.1:1' }),
      credentials: run({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'guess' }),
      encryption: run({ KAFKA_SSL: 'true' }),
      database: run({ DATABASE_URL: 'postgresql://127.0.0.1:1/nowhere' }),
    };

    beforeAll(() => {
      for (const each of Object.values(waiting)) each.begin();
    });

    it('when no broker can be reached', async () => {
      const told = /^LOG_UNREACHABLE: no Kafka broker of 127\.0\.0\.1:1 could be reached in \d+ ms: .+$/;
      expectStoppedStart(await waiting.broker.ended(), 1, told);
    });

    it('when the broker does not take its credentials', async () => {
      const ended = await waiting.credentials.ended();
      expectStoppedStart(ended, 1, /^LOG_(CREDENTIALS|UNREACHABLE): .+$/);
      expect(ended.output).not.toContain('guess');
    });

    it('when the broker does not speak TLS', async () => {
      expectStoppedStart(await waiting.encryption.ended(), 1, /^LOG_UNREACHABLE: .+$/);
    });

    it('when PostgreSQL cannot be reached', async () => {
      expectStoppedStart(await waiting.database.ended(), 1, /^VIEWS_UNAVAILABLE: PostgreSQL cannot be reached: .+$/);
    });

    it('when it has no database, with every other fault of its settings', async () => {
      const site = await newSite();
      expectStoppedStart(
        await site.runToEnd({ DATABASE_URL: undefined, PORT: 'x', KAFKA_SESSION_TIMEOUT_MS: '1' }),
        78,
        /^SETTINGS: PORT must be a whole number from 0 to 65535$/,
        /^SETTINGS: KAFKA_SESSION_TIMEOUT_MS must be a whole number from 1000 to 300000$/,
        /^SETTINGS: DATABASE_URL is required with KAFKA_BROKERS$/,
      );
    });

    it('when a topic would lose what it must keep', async () => {
      const site = await newSite();
      const topic = `${site.settings['KAFKA_TOPIC_PREFIX']}calculator.events`;
      const admin = new Kafka({
        brokers: [site.settings['KAFKA_BROKERS'] ?? ''],
        logLevel: logLevel.NOTHING,
      }).admin();
      await admin.connect();
      const configEntries = [{ name: 'retention.ms', value: '60000' }];
      await admin.createTopics({ topics: [{ topic, numPartitions: 4, configEntries }], waitForLeaders: true });
      await admin.disconnect();
      const told = `^LOG_TOPIC_POLICY: topic ${topic}: retention.ms is 60000 and must be -1$`;
      expectStoppedStart(await site.runToEnd({}, { within: boundedWaitMs }), 1, new RegExp(told));
    });

    it('when views and keys are of another log, or the topics have another number of partitions', async () => {
      const site = await newSite();
      const app = await site.start();
      await app.terminate();
      const elsewhere = { KAFKA_TOPIC_PREFIX: `other-${site.settings['KAFKA_TOPIC_PREFIX']}` };
      expectStoppedStart(
        await site.runToEnd(elsewhere, { within: boundedWaitMs }),
        1,
        /^(KEYS|VIEWS)_FOREIGN: .+ belongs? to the log .+, this is the log .+$/,
      );
      expectStoppedStart(
        await site.runToEnd({ PARTITIONS: '7' }, { within: boundedWaitMs }),
        1,
        /^LOG_TOPIC_POLICY: topic .+: it has 4 partitions and must have 7 \(PARTITIONS\)$/,
      );
    });

    function run(overrides: Settings): { begin: () => void; ended: () => Promise<EndedRun> } {
      let ended: Promise<EndedRun> = Promise.reject(new Error('was not begun'));
      ended.catch(() => undefined);
      const begin = (): void => {
        ended = newSite().then((site) => site.runToEnd(overrides, { within: boundedWaitMs }));
        ended.catch(() => undefined);
      };
      return { begin, ended: () => ended };
    }
  },
  ['kafka'],
);
