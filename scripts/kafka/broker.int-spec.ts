import { Kafka, logLevel } from 'kafkajs';
import { startBroker } from './broker.ts';
import type { KafkaBroker } from './kafka-broker.ts';
import { aliveBrokers } from './probe.ts';

describe('a Kafka broker of our own', () => {
  let broker: KafkaBroker;

  beforeAll(async () => {
    broker = await startBroker();
  });

  afterAll(async () => {
    await broker.close();
  });

  it('keeps acknowledged records over kill -9, on the same address', async () => {
    await append(broker, 'kept', ['one', 'two']);
    await broker.kill9();
    await expect(aliveBrokers(portOf(broker))).rejects.toThrow();
    await broker.start();
    expect(await endOffset(broker, 'kept')).toBe(2);
  });

  it('comes back after an orderly stop', async () => {
    await append(broker, 'stopped', ['one']);
    await broker.stop();
    await broker.start();
    expect(await endOffset(broker, 'stopped')).toBe(1);
  });

  it('answers nothing while it is frozen', async () => {
    await broker.freeze();
    await expect(aliveBrokers(portOf(broker))).rejects.toThrow('no answer');
    await broker.thaw();
    expect(await aliveBrokers(portOf(broker))).toBe(1);
  });

  it('makes no topic that nobody asked for', async () => {
    await withAdmin(broker, async (admin) => {
      await expect(admin.fetchTopicMetadata({ topics: ['unasked'] })).rejects.toThrow();
      expect(await admin.listTopics()).not.toContain('unasked');
    });
  });
});

type Admin = ReturnType<Kafka['admin']>;

function client(broker: KafkaBroker): Kafka {
  return new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING, retry: { retries: 2 } });
}

function portOf(broker: KafkaBroker): number {
  return Number(broker.address.split(':')[1]);
}

async function append(broker: KafkaBroker, topic: string, values: readonly string[]): Promise<void> {
  await withAdmin(broker, (admin) =>
    admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true }),
  );
  const producer = client(broker).producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) });
  await producer.disconnect();
}

async function endOffset(broker: KafkaBroker, topic: string): Promise<number> {
  const offsets = await withAdmin(broker, (admin) => admin.fetchTopicOffsets(topic));
  return Number(offsets[0]?.high);
}

async function withAdmin<T>(broker: KafkaBroker, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = client(broker).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
