import { eventually } from '../../../../test/support/eventually';
import { aborted, holds } from '../contract/contract-tools.contract';
import { WriterFenced, type NewRecord } from '../log.port';
import { openLogs, plainKafka } from './testing/test-options';

describe('a transaction on Kafka', () => {
  const logs = openLogs();

  afterEach(() => logs.close());

  it('commits the offsets of a group while members are in it', async () => {
    const log = await logs.open();
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
    const [paused, successor] = [await logs.open(), await logs.open()];
    const old = await paused.openWriter('m.processor', 'm.commands', 0);
    await old.commit(0, 1, [event('old')]);
    const young = await successor.openWriter('m.processor', 'm.commands', 0);
    await young.commit(1, 2, [event('young')]);
    await expect(old.commit(1, 2, [event('zombie')])).rejects.toThrow(WriterFenced);
    await young.commit(2, 3, [event('young again')]);
    await holds(successor, 'm.events', 0, ['old', 'young', 'young again']);
  });

  it('shows open transactions to nobody, and aborted ones never', async () => {
    const log = await logs.open();
    const producer = plainKafka().producer({
      transactionalId: `${logs.topicPrefix}raw`,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const seen: (string | null)[] = [];
    const stop = new AbortController();
    const following = (async (): Promise<void> => {
      for await (const { records } of log.follow('m.events', 0, 0, stop.signal)) {
        for (const { value } of records) seen.push(value);
      }
    })();
    for (const [value, ending] of [
      ['aborted', 'abort'],
      ['committed', 'commit'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: `${logs.topicPrefix}m.events`, messages: [{ partition: 0, value }] });
      await log.append([event(`after ${value}`)]);
      expect(seen).not.toContain(value);
      await transaction[ending]();
    }
    await eventually(() => expect(seen).toEqual(['after aborted', 'committed', 'after committed']));
    stop.abort();
    await following;
    await producer.disconnect();
  }, 30_000);

  function event(value: string, partition = 0): NewRecord {
    return { topic: 'm.events', partition, key: 'k', value, headers: {} };
  }
});
