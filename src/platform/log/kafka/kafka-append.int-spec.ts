import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../../../test/support/eventually';
import { KafkaProxy } from '../../../../test/support/kafka-proxy';
import { readToEnd } from '../contract/contract-tools.contract';
import { LogUnavailable, OutcomeUnknown, type NewRecord } from '../log.port';
import type { KafkaLog } from './kafka-log';
import { openLogs, testOptions } from './testing/test-options';

describe('appending to Kafka', () => {
  const logs = openLogs();
  let proxy: KafkaProxy;
  let direct: KafkaLog;
  let faulty: KafkaLog;

  beforeEach(async () => {
    direct = await logs.open();
    proxy = await KafkaProxy.start(firstBroker());
    faulty = await logs.open({ brokers: [proxy.address], appendTimeoutMs: 1_000, requestTimeoutMs: 300 });
    await faulty.append([command('first')]);
  });

  afterEach(async () => {
    await proxy.close();
    await logs.close();
  });

  it('says that nothing was sent when no broker can be reached', async () => {
    await proxy.close();
    // The first may still be handed to the connection that is just breaking.
    await faulty.append([command('never')]).catch(() => undefined);
    await expect(faulty.append([command('never')])).rejects.toThrow(LogUnavailable);
    expect(await values()).toEqual(['first']);
  });

  it('says that the outcome is unknown when no answer comes', async () => {
    for (let request = 0; request < 10; request++)
      void proxy.inject({ request: 'produce', kind: 'drop answer', ms: 0 });
    await expect(faulty.append([command('perhaps')])).rejects.toThrow(OutcomeUnknown);
    expect(new Set(await values())).toEqual(new Set(['first', 'perhaps']));
    proxy.disarm();
    await faulty.append([command('healed')]);
    expect((await values()).at(-1)).toBe('healed');
  });

  it.each(['drop answer', 'drop answer and reset', 'deliver late', 'reset before'] as const)(
    'writes a record once through this fault: %s',
    async (kind) => {
      const met = proxy.inject({ request: 'produce', kind, ms: 200 });
      await faulty.append([command('once')]);
      await met;
      for (let after = 0; after < 8; after++) {
        await faulty.append([command(`after-${after}`)]);
        await pause(50);
      }
      expect(await values()).toEqual(['first', 'once', ...Array.from({ length: 8 }, (_, after) => `after-${after}`)]);
    },
  );

  it('writes a record at most once when it gives up, and goes on', async () => {
    void proxy.inject({ request: 'produce', kind: 'deliver late', ms: 4_000 });
    for (let request = 0; request < 10; request++)
      void proxy.inject({ request: 'produce', kind: 'drop request', ms: 0 });
    await expect(faulty.append([command('late')])).rejects.toThrow(OutcomeUnknown);
    proxy.disarm();
    await faulty.append([command('next')]);
    await eventually(async () => expect(await values()).toEqual(['first', 'next', 'late']));
  });

  it('refuses a record that is too large for Kafka, alone', async () => {
    const large = faulty.append([command('x'.repeat(2_000_000))]);
    const small = faulty.append([{ ...command('small'), partition: 1 }]);
    await expect(large).rejects.toThrow('MESSAGE_TOO_LARGE');
    await small;
  });

  async function values(): Promise<(string | null)[]> {
    return (await readToEnd(direct, 'm.commands', 0)).map(({ value }) => value);
  }
});

function command(value: string): NewRecord {
  return { topic: 'm.commands', partition: 0, key: 'k', value, headers: {} };
}

function firstBroker(): string {
  return testOptions({}).brokers[0] ?? '';
}
