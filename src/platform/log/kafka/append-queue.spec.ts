import type { NewRecord } from '../log.port';
import { AppendQueue } from './append-queue';
import { withDefaults } from './kafka-settings';
import type { BatchAnswer, PartitionRecords, ProducerIdentity } from './produce-request';
import { testOptions } from './testing/test-options';
import type { WrittenBatch } from './written-batch';

/** What leaders answer, in turn; after that they write. */
const answers: (string | undefined)[] = [];
const sent: { producerId: string; firstSequence: number; value: string | null | undefined }[] = [];
let producers = 0;

jest.mock('./broker-link', () => ({
  within: (_ms: number, _what: string, work: Promise<unknown>) => work,
  BrokerLink: class {
    readonly byLeader = (batches: PartitionRecords[]) => Promise.resolve([['leader', batches]]);
    readonly any = () =>
      Promise.resolve({ initProducerId: () => Promise.resolve({ producerId: String(++producers), producerEpoch: 0 }) });
    readonly discard = () => undefined;
    readonly close = () => undefined;
  },
}));

jest.mock('./produce-request', () => ({
  NO_ANSWER: { refusal: 'REQUEST_TIMED_OUT', firstOffset: undefined },
  produce: (_leader: unknown, batches: PartitionRecords[], _ms: number, { producerId }: ProducerIdentity) =>
    Promise.resolve(
      batches.map((batch): [PartitionRecords, BatchAnswer] => {
        const { firstSequence, records } = batch;
        sent.push({ producerId, firstSequence, value: records[0]?.value });
        return [batch, { refusal: answers.shift(), firstOffset: undefined }];
      }),
    ),
}));

describe('The queue of appends', () => {
  let queue: AppendQueue;
  const written: WrittenBatch[] = [];

  beforeEach(() => {
    process.env['KAFKA_BROKERS'] ??= 'nowhere:9092';
    const settings = withDefaults({ ...testOptions({}), appendTimeoutMs: 100 });
    answers.length = 0;
    sent.length = 0;
    producers = 0;
    queue = new AppendQueue(
      settings,
      () => ['t'],
      () => 4,
      { endOf: () => 0, assertWritten: () => undefined },
      (batch) => written.push(batch),
    );
  });

  it('repeats under the same numbers, and gives a number to the next batch only once it was acknowledged', async () => {
    answers.push('NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS');
    await queue.append([record('a', 0)]);
    await queue.append([record('b', 0)]);
    expect(sent.map(({ producerId, firstSequence }) => [producerId, firstSequence])).toEqual([
      ['1', 0],
      ['1', 0],
      ['1', 0],
      ['1', 1],
    ]);
  });

  it('G1 never gives the number of a batch that a former leader may have written to another batch', async () => {
    answers.push('NOT_LEADER_FOR_PARTITION', 'MESSAGE_TOO_LARGE');
    await expect(queue.append([record('a', 0)])).rejects.toThrow('MESSAGE_TOO_LARGE');
    await queue.append([record('b', 0)]);
    expect(sent.at(-1)).toMatchObject({ producerId: '2', value: 'b' });
  });

  it('does not say that nothing was written when a leader that lost its place may have', async () => {
    answers.push('NOT_LEADER_FOR_PARTITION', ...Array.from({ length: 99 }, () => 'NOT_ENOUGH_REPLICAS'));
    await expect(queue.append([record('a', 0)])).rejects.toMatchObject({ name: 'OutcomeUnknown' });
    answers.length = 0;
    answers.push(...Array.from({ length: 99 }, () => 'NOT_ENOUGH_REPLICAS'));
    await expect(queue.append([record('b', 0)])).rejects.toMatchObject({ name: 'LogUnavailable' });
  });

  it('begins anew when the broker does not know the producer, unless a record of it may be written', async () => {
    answers.push('UNKNOWN_PRODUCER_ID');
    await queue.append([record('a', 0)]);
    expect(sent.map(({ producerId }) => producerId)).toEqual(['1', '2']);
    answers.push('REQUEST_TIMED_OUT', 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    await expect(queue.append([record('b', 0)])).rejects.toMatchObject({ name: 'OutcomeUnknown' });
    await queue.append([record('c', 0)]);
    expect(sent.slice(2).map(({ producerId, value }) => [producerId, value])).toEqual([
      ['2', 'b'],
      ['2', 'b'],
      ['3', 'c'],
    ]);
  });

  it('sends nothing that has waited behind others for as long as an append may take: its sender is told', async () => {
    answers.push(...Array.from({ length: 99 }, () => 'NOT_ENOUGH_REPLICAS'));
    const first = expect(queue.append([record('a', 0)])).rejects.toMatchObject({ name: 'LogUnavailable' });
    await new Promise(setImmediate);
    const wholeBatch = Array.from({ length: 500 }, () => record('b', 0));
    const second = expect(queue.append(wholeBatch)).rejects.toMatchObject({ name: 'LogUnavailable' });
    const third = expect(queue.append([record('c', 0)])).rejects.toMatchObject({ name: 'LogUnavailable' });
    await first;
    await second;
    answers.length = 0;
    await third;
    await queue.append([record('d', 0)]);
    expect(new Set(sent.map(({ value }) => value))).toEqual(new Set(['a', 'b', 'd']));
  });

  it('does not say that nothing was written while other records of the append may be', async () => {
    answers.push('MESSAGE_TOO_LARGE');
    await expect(queue.append([record('large', 0), record('small', 1)])).rejects.toMatchObject({
      name: 'OutcomeUnknown',
    });
  });
});

function record(value: string, partition: number): NewRecord {
  return { topic: 't', partition, key: 'k', value, headers: {} };
}
