import { Kafka, logLevel } from 'kafkajs';
import type { EndedRun, Settings } from './support/app-process.ts';
import { describeModes } from './support/modes.ts';
import { SaslBroker } from './support/sasl-broker.ts';
import { expectStoppedStart } from './support/stopped-start.ts';

const boundedWaitMs = 60_000;

describeModes(
  'a start that cannot succeed says why in one line',
  ({ newSite }) => {
    let guarded: Promise<SaslBroker>;
    let waiting: Record<'broker' | 'password' | 'encryption' | 'database', Promise<EndedRun>>;

    beforeAll(() => {
      guarded = SaslBroker.start();
      // These wait for their server for a while before they give up; they wait together.
      waiting = {
        broker: run({ KAFKA_BROKERS: '127.0.0.1:1' }),
        password: guarded.then(({ settings: { KAFKA_BROKERS } }) => run({ KAFKA_BROKERS })),
        encryption: run({ KAFKA_SSL: 'true' }),
        database: run({ DATABASE_URL: 'postgresql://127.0.0.1:1/nowhere' }),
      };
      // A test that comes later tells.
      for (const each of Object.values(waiting)) each.catch(() => undefined);
    });

    afterAll(async () => {
      await (await guarded).close();
    });

    it('when no broker can be reached', async () => {
      const told = /^LOG_UNREACHABLE: no Kafka broker of 127\.0\.0\.1:1 could be reached in \d+ ms: .+$/;
      expectStoppedStart(await waiting.broker, 1, told);
    });

    it('when the broker does not take its credentials; with the right ones it runs', async () => {
      const { settings } = await guarded;
      const site = await newSite();
      const wrong = await site.runToEnd({ ...settings, KAFKA_SASL_PASSWORD: 'a guess' }, { within: boundedWaitMs });
      expectStoppedStart(wrong, 1, /^LOG_CREDENTIALS: .+$/);
      expect(wrong.output).not.toContain('a guess');
      const app = await site.start(settings);
      expect(await app.terminate()).toMatchObject({ code: 0 });
    }, 180_000);

    it('when the broker asks for credentials and it has none', async () => {
      expectStoppedStart(await waiting.password, 1, /^LOG_UNREACHABLE: .+$/);
    });

    it('when the broker does not speak TLS', async () => {
      expectStoppedStart(await waiting.encryption, 1, /^LOG_UNREACHABLE: .+$/);
    });

    it('when PostgreSQL cannot be reached', async () => {
      expectStoppedStart(await waiting.database, 1, /^VIEWS_UNAVAILABLE: PostgreSQL cannot be reached: .+$/);
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
      // kafkajs' own waiting for leaders gives up when a broker does not know the topic yet; a start waits for it anyway.
      await admin.createTopics({ topics: [{ topic, numPartitions: 4, configEntries }], waitForLeaders: false });
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

    async function run(overrides: Settings): Promise<EndedRun> {
      return (await newSite()).runToEnd(overrides, { within: boundedWaitMs });
    }
  },
  ['kafka'],
);

describeModes(
  'a start',
  ({ newSite }) => {
    it('succeeds where the first transaction of every partition was cut off, and decides what comes', async () => {
      const site = await newSite();
      const app = await site.start();
      await app.terminate();
      const { KAFKA_BROKERS: broker = '', KAFKA_TOPIC_PREFIX: prefix = '' } = site.settings;
      const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING });
      const producer = kafka.producer({
        transactionalId: `${prefix}cut-off`,
        maxInFlightRequests: 1,
        idempotent: true,
      });
      await producer.connect();
      const transaction = await producer.transaction();
      const messages = [0, 1, 2, 3].map((partition) => ({ partition, key: 'never', value: 'never' }));
      for (const topic of ['events', 'state'])
        await transaction.send({ topic: `${prefix}calculator.${topic}`, messages });
      await transaction.abort();
      await producer.disconnect();

      await app.restart();
      const headers = { 'content-type': 'application/json', prefer: 'wait=20' };
      const sent = Array.from({ length: 20 }, () =>
        fetch(`${app.url}/values`, { method: 'POST', headers, body: '{"value":1}' }),
      );
      expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(Array(20).fill(201));
    });
  },
  ['kafka'],
);
