import { eventually } from '../../../../test/support/eventually';
import { readToEnd } from '../contract/contract-tools.contract';
import type { NewRecord } from '../log.port';
import type { KafkaLog } from './kafka-log';
import { openLogs, plainKafka } from './testing/test-options';

/** So that nothing but the answer to a write can tell. */
const NEVER_MS = 3_600_000;
const OFTEN_MS = 100;
const TOLD_WITHIN_MS = 20_000;

describe('a topic that is changed behind our back (D6)', () => {
  const logs = openLogs();
  const admin = plainKafka().admin();
  const failures: Error[] = [];

  async function open(topicCheckIntervalMs: number): Promise<KafkaLog> {
    const log = await logs.open({ topicCheckIntervalMs });
    await log.ensureTopics([{ name: 'm.state', policy: 'compact' }]);
    log.onFailure((error) => failures.push(error));
    return log;
  }

  const topic = (name: string): string => logs.topicPrefix + name;
  const to = (name: string, value: string): NewRecord => ({ topic: name, partition: 0, key: 'k', value, headers: {} });

  /** Commands and events, as a processor would leave them. */
  async function fill(log: KafkaLog): Promise<Awaited<ReturnType<KafkaLog['openWriter']>>> {
    for (const value of ['1', '2', '3']) await log.append([to('m.commands', value)]);
    const writer = await log.openWriter('m.processor', 'm.commands', 0);
    await writer.commit(0, 3, [to('m.events', '1'), to('m.events', '2'), to('m.state', '2')]);
    return writer;
  }

  async function empty(name: string): Promise<void> {
    // A committed transaction is seen a moment later.
    const partitions = await eventually(async () => {
      const offsets = await admin.fetchTopicOffsets(topic(name));
      expect(offsets.some(({ high }) => Number(high) > 1)).toBe(true);
      return offsets.map(({ partition, high }) => ({ partition, offset: high }));
    });
    await admin.deleteTopicRecords({ topic: topic(name), partitions });
  }

  async function makeAnew(name: string): Promise<void> {
    await admin.deleteTopics({ topics: [topic(name)] });
    const configEntries = [
      { name: 'retention.ms', value: '-1' },
      { name: 'retention.bytes', value: '-1' },
    ];
    await eventually(async () => expect(await admin.listTopics()).not.toContain(topic(name)));
    // It answers false when an attempt that seemed to fail has made it.
    const topics = [{ topic: topic(name), numPartitions: 4, configEntries }];
    await eventually(async () => void (await admin.createTopics({ topics })), { within: TOLD_WITHIN_MS });
  }

  async function setRetention(name: string): Promise<void> {
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: topic(name), configEntries: [{ name: 'retention.ms', value: '86400000' }] }],
    });
  }

  beforeAll(() => admin.connect());
  afterAll(() => admin.disconnect());
  afterEach(async () => {
    failures.splice(0);
    await logs.close();
  });

  it('is not seen where there is none: writers of one topic, side by side, while it looks all the time', async () => {
    const log = await open(1);
    const writing = [0, 1, 2, 3].map(async (partition) => {
      const writer = await log.openWriter('m.processor', 'm.commands', partition);
      for (let next = 1; next <= 150; next++) {
        await writer.commit(next - 1, next, [to('m.events', `${next}`), to('m.state', `${next}`)]);
        await log.append([to('m.commands', `${next}`), to('m.events', 'an append')]);
      }
    });
    await Promise.all(writing);
    expect(failures).toEqual([]);
  });

  it.each([
    ['emptied', 'm.events', empty, /m\.events\/0 was emptied/],
    ['deleted and made anew', 'm.events', makeAnew, /m\.events.*(was made anew|are gone)/],
    [
      'given a policy that forgets',
      'm.commands',
      setRetention,
      /m\.commands: retention\.ms is 86400000 and must be -1/,
    ],
  ])('is noticed soon when it was %s', async (_what, name, change, told) => {
    await fill(await open(OFTEN_MS));
    await change(name);
    await eventually(() => expect(failures[0]?.message).toMatch(told), { within: TOLD_WITHIN_MS });
  });

  it.each([
    ['emptied', empty],
    ['made anew', makeAnew],
  ])('takes no event once it was %s: the transaction is not ended', async (_what, change) => {
    const log = await open(NEVER_MS);
    const writer = await fill(log);
    await change('m.events');
    await expect(writer.commit(3, 4, [to('m.events', 'wrong'), to('m.state', 'wrong')])).rejects.toMatchObject({
      code: 'LOG_DAMAGED',
    });
    expect(failures).toMatchObject([{ code: 'LOG_DAMAGED' }]);
    await log.close();
    const later = await logs.open();
    await later.openWriter('m.processor', 'm.commands', 0);
    expect((await readToEnd(later, 'm.events', 0)).map(({ value }) => value)).not.toContain('wrong');
    expect((await readToEnd(later, 'm.state', 0)).map(({ value }) => value)).not.toContain('wrong');
  });

  it.each([
    ['emptied', empty],
    ['made anew', makeAnew],
  ])('acknowledges no command once it was %s', async (_what, change) => {
    const log = await open(NEVER_MS);
    await fill(log);
    await change('m.commands');
    await expect(log.append([to('m.commands', 'wrong')])).rejects.toMatchObject({ name: 'OutcomeUnknown' });
    expect(failures).toMatchObject([{ code: 'LOG_DAMAGED' }]);
  });
});
