import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../../../test/support/eventually';
import { KafkaProxy } from '../../../../test/support/kafka-proxy';
import { readToEnd } from '../contract/contract-tools.contract';
import type { Log, LogRecord, NewRecord } from '../log.port';
import { openLogs, testOptions } from './testing/test-options';

const ROUNDS = 60;

/** A process hands what it writes to its own followers, without a fetch: they must see what everybody sees. */
describe('following what this process writes', () => {
  const logs = openLogs();
  let stop = new AbortController();
  beforeEach(() => void (stop = new AbortController()));
  let proxy: KafkaProxy | undefined;
  afterEach(async () => {
    stop.abort();
    proxy?.disarm();
    await logs.close();
    await proxy?.close();
    proxy = undefined;
  });

  it('G3 gives the same records at the same offsets as a fetch, while others write between', async () => {
    const [ours, other] = [await logs.open(), await logs.open()];
    const seen = { commands: follow(ours, 'm.commands'), events: follow(ours, 'm.events') };
    const written = { commands: 0, events: 0 };
    const writers = await Promise.all([
      ours.openWriter('m.processor', 'm.commands', 0),
      ours.openWriter('m.reactor', 'm.commands', 0),
      other.openWriter('m.other', 'm.commands', 0),
    ]);
    for (let round = 1; round <= ROUNDS; round++) {
      const appends = [ours, ours, other].map((log, who) => log.append(records('m.commands', `${round}-${who}`)));
      // Now one writer alone, so that its transactions follow each other, now several at once.
      const busy = writers.filter((_, who) => round % 4 === 0 || who === Math.floor(round / 20) % 2);
      const commits = busy.map((writer, who) =>
        writer.commit(round - 1, round, records('m.events', `${round}-${who}`)),
      );
      await Promise.all([...appends, ...commits]);
      written.commands += 3 * appends.length;
      written.events += 3 * commits.length;
      if (round % 7 === 0) await pause(30);
    }
    const fresh = await logs.open();
    for (const name of ['commands', 'events'] as const) {
      await eventually(() => expect(seen[name]).toHaveLength(written[name]));
      expect(seen[name]).toEqual(await readToEnd(fresh, `m.${name}`, 0));
    }
  });

  it('hands them over: no fetch has to come back', async () => {
    const faulty = (proxy = await KafkaProxy.start(testOptions({}).brokers[0] ?? ''));
    const log = await logs.open({ brokers: [faulty.address] });
    const writer = await log.openWriter('m.processor', 'm.commands', 0);
    const seen = { commands: follow(log, 'm.commands'), events: follow(log, 'm.events') };
    await pause(300);
    for (let fetch = 0; fetch < 50; fetch++) void faulty.inject({ request: 'fetch', kind: 'answer late', ms: 60_000 });
    await pause(300);
    for (let round = 1; round <= 3; round++) {
      await log.append(records('m.commands', String(round)));
      await writer.commit(round - 1, round, records('m.events', String(round)));
    }
    await eventually(() => expect([seen.commands.length, seen.events.length]).toEqual([9, 9]));
  });

  it.each(['produce', 'txnOffsetCommit', 'endTxn'] as const)(
    'sees a transaction once when the answer to %s is lost and a new epoch settles it',
    async (request) => {
      const faulty = (proxy = await KafkaProxy.start(testOptions({}).brokers[0] ?? ''));
      const log = await logs.open({ brokers: [faulty.address] });
      const writer = await log.openWriter('m.processor', 'm.commands', 0);
      const seen = follow(log, 'm.events');
      for (let round = 1; round <= 8; round++) {
        const kind = round % 4 === 0 ? 'reset before' : 'drop answer and reset';
        const met = round % 2 === 0 ? faulty.inject({ request, kind, ms: 0 }) : undefined;
        await writer.commit(round - 1, round, records('m.events', String(round)));
        await met;
      }
      await eventually(() => expect(seen).toHaveLength(24));
      expect(seen).toEqual(await readToEnd(await logs.open(), 'm.events', 0));
    },
  );

  it('reads a text that is no proper Unicode as it stands in the log', async () => {
    const log = await logs.open();
    const seen = follow(log, 'm.commands');
    await log.append([
      { topic: 'm.commands', partition: 0, key: '\uD800', value: '"\uDFFF"', headers: { a: '\uD800' } },
    ]);
    await eventually(() => expect(seen).toHaveLength(1));
    expect(seen[0]).toMatchObject({ key: '\uFFFD', value: '"\uFFFD"', headers: { a: '\uFFFD' } });
  });

  function follow(log: Log, topic: string): LogRecord[] {
    const seen: LogRecord[] = [];
    const run = async (): Promise<void> => {
      for await (const batch of log.follow(topic, 0, 0, stop.signal)) seen.push(...batch.records);
    };
    void run();
    return seen;
  }
});

/** Three of them; the second one has a time of its own. */
function records(topic: string, value: string): NewRecord[] {
  const record = { topic, partition: 0, key: 'k', value, headers: { 'x-y': 'žš' } };
  return [record, { ...record, timestamp: 1_700_000_000_000 }, { ...record, key: null }];
}
