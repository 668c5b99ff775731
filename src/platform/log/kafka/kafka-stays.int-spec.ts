import { KafkaProxy, type Fault } from '../../../../test/support/kafka-proxy';
import { holds } from '../contract/contract-tools.contract';
import { OutcomeUnknown, WriterFenced, type NewRecord } from '../log.port';
import { openLogs, testOptions } from './testing/test-options';

/** The offset tells whether a batch is in; where it stays it cannot tell. */
describe('a transaction on Kafka that leaves the offset where it is', () => {
  const logs = openLogs();
  let proxy: KafkaProxy;

  beforeEach(async () => {
    proxy = await KafkaProxy.start(testOptions({}).brokers[0] ?? '');
  });

  afterEach(async () => {
    proxy.disarm();
    await logs.close();
    await proxy.close();
  });

  const cases: readonly (readonly [string, Fault['kind'], string[]])[] = [
    ['was not committed', 'reset before', ['moves']],
    ['was committed', 'drop answer and reset', ['moves', 'stays']],
  ];

  it.each(cases)('G2 tells that its outcome is unknown, and ends its writer: it %s', async (_what, kind, written) => {
    const log = await logs.open({ brokers: [proxy.address] });
    const writer = await log.openWriter('m.processor', 'm.commands', 0);
    await writer.commit(0, 1, [event('moves')]);
    const met = proxy.inject({ request: 'endTxn', kind, ms: 0 });
    await expect(writer.commit(1, 1, [event('stays')])).rejects.toThrow(OutcomeUnknown);
    await met;
    await expect(writer.commit(1, 2, [event('never')])).rejects.toThrow(WriterFenced);
    const next = await log.openWriter('m.processor', 'm.commands', 0);
    expect(next.committed).toBe(1);
    await next.commit(1, 2, [event('goes on')]);
    await holds(log, 'm.events', 0, [...written, 'goes on']);
  });

  function event(value: string): NewRecord {
    return { topic: 'm.events', partition: 0, key: 'k', value, headers: {} };
  }
});
