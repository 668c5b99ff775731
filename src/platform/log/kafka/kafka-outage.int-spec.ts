import { randomUUID } from 'node:crypto';
import { eventually } from '../../../../test/support/eventually';
import { KafkaProxy } from '../../../../test/support/kafka-proxy';
import { aborted } from '../contract/contract-tools.contract';
import type { OwnedPartition } from '../log.port';
import { KafkaLog } from './kafka-log';
import { testOptions } from './testing/test-options';

describe('an outage that is longer than a start would wait', () => {
  const joinTimeoutMs = 1_000;
  const outageMs = 9_000;
  let proxy: KafkaProxy;
  let log: KafkaLog;

  beforeEach(async () => {
    const options = testOptions({ topicPrefix: `o-${randomUUID()}.`, sessionTimeoutMs: 6_000, joinTimeoutMs });
    proxy = await KafkaProxy.start(options.brokers[0] ?? '');
    log = await KafkaLog.open({ ...options, brokers: [proxy.address] });
    await log.ensureTopics([{ name: 'm.commands', partitions: 1, policy: 'keep' }]);
  });

  afterEach(async () => {
    await log.close();
    await proxy.close();
  });

  it('ends neither a membership nor the writer of a partition: both go on when the broker is back', async () => {
    const failures: Error[] = [];
    log.onFailure((error) => failures.push(error));
    const committed: number[] = [];
    const own = async ({ topic, partition, signal }: OwnedPartition): Promise<void> => {
      const writer = await log.openWriter('m.processor', topic, partition);
      for (let from = writer.committed ?? 0; !signal.aborted; from++) {
        await writer.commit(from, from + 1, []);
        committed.push(from + 1);
        await Promise.race([aborted(signal), new Promise((resolve) => setTimeout(resolve, 50))]);
      }
    };
    await log.join({ group: 'm.processor', topics: ['m.commands'], own });
    await eventually(() => expect(committed.length).toBeGreaterThan(2));

    proxy.blackhole(outageMs);
    await new Promise((resolve) => setTimeout(resolve, outageMs));
    const before = committed.length;
    await eventually(() => expect(committed.length).toBeGreaterThan(before + 5), { within: 30_000 });

    expect(failures).toEqual([]);
    expect(committed).toEqual(committed.map((_, index) => index + 1));
  }, 60_000);
});
