import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { firstRecordOf, readToEnd } from '../contract/contract-tools.contract';
import { OffsetOutOfRange, type LogRecord, type NewRecord, type TopicSpec } from '../log.port';
import { EmbeddedLog } from './embedded-log';

const DAY_MS = 24 * 60 * 60 * 1_000;
const NOW = 1_700_000_000_000;
const REPLIES: TopicSpec = { name: 'replies', partitions: 2, policy: { deleteAfterMs: DAY_MS } };
const STATE: TopicSpec = { name: 'orders.state', partitions: 2, policy: 'compact' };
const EVENTS: TopicSpec = { name: 'orders.events', partitions: 1, policy: 'keep' };

const reply = (value: string, timestamp: number): NewRecord => {
  return { topic: 'replies', partition: 0, key: 'k', value, headers: {}, timestamp };
};
const state = (key: string, value: string | null, timestamp = NOW): NewRecord => {
  return { topic: 'orders.state', partition: 0, key, value, headers: {}, timestamp };
};

/** What is left when of each key only the last record counts. */
function fold(records: readonly LogRecord[]): Map<string | null, string> {
  const last = new Map(records.map(({ key, value }) => [key, value]));
  return new Map([...last].flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])));
}

describe('Retention of the embedded log', () => {
  let directory: string;
  let log: EmbeddedLog;

  async function open(): Promise<EmbeddedLog> {
    log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false, compactAfterRecords: 1 });
    await log.ensureTopics([REPLIES, STATE, EVENTS]);
    return log;
  }

  async function reopen(): Promise<void> {
    await log.close();
    await open();
  }

  /** Without what is in memory. */
  async function readFile(topic: string): Promise<LogRecord[]> {
    await reopen();
    return readToEnd(log, topic, 0);
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'retention-'));
    await open();
  });

  afterEach(async () => {
    await log.close();
    await rm(directory, { recursive: true });
  });

  describe('by time', () => {
    it('deletes what is older, moves the start as Kafka does, and never the end', async () => {
      for (const [index, age] of [3, 2, 1, 0].entries()) await log.append([reply(String(index), NOW - age * DAY_MS)]);
      await log.retain(NOW);
      expect(await log.bounds('replies', 0)).toEqual({ start: 2, end: 4 });
      expect((await readToEnd(log, 'replies', 0)).map(({ offset, value }) => [offset, value])).toEqual([
        [2, '2'],
        [3, '3'],
      ]);
      const below = log.follow('replies', 0, 1, new AbortController().signal)[Symbol.asyncIterator]();
      await expect(firstRecordOf(below)).rejects.toThrow(OffsetOutOfRange);
      await log.retain(NOW + 9 * DAY_MS);
      await reopen();
      expect(await log.bounds('replies', 0)).toEqual({ start: 3, end: 4 });
      await log.append([reply('next', NOW)]);
      expect((await readToEnd(log, 'replies', 0)).map(({ offset }) => offset)).toEqual([3, 4]);
    });

    it('tells a reader that it has passed by', async () => {
      const many = Array.from({ length: 3_000 }, (_, index) => reply(String(index), NOW));
      for (let from = 0; from < many.length; from += 10) await log.append(many.slice(from, from + 10));
      const reading = log.follow('replies', 0, 0, new AbortController().signal)[Symbol.asyncIterator]();
      await reading.next();
      await log.retain(NOW + 2 * DAY_MS);
      await expect(firstRecordOf(reading)).rejects.toThrow(OffsetOutOfRange);
    });

    it('leaves alone what a topic keeps for ever', async () => {
      const old = { ...reply('kept', 0), topic: 'orders.events' };
      for (let index = 0; index < 5; index++) await log.append([old]);
      await log.retain(NOW);
      await reopen();
      expect(await readToEnd(log, 'orders.events', 0)).toHaveLength(5);
    });
  });

  describe('by key', () => {
    it('keeps the last record of each key, unchanged and at its offset, whatever was written', async () => {
      const change = fc.record({
        key: fc.constantFrom('a', 'b', 'c', '', '"', '\\', '\\u0000', 'é\u0000', '\ud800', '[null', 'ß漢字😀'),
        value: fc.option(fc.oneof(fc.json(), fc.string({ unit: 'binary' }))),
        headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'binary' })),
        timestamp: fc.integer({ min: NOW - 2 * DAY_MS, max: NOW }),
      });
      const written: LogRecord[] = [];
      const round = fc.array(fc.array(change, { minLength: 1, maxLength: 8 }), { minLength: 30, maxLength: 40 });
      await fc.assert(
        // So many that compaction is due. Each round goes on from what the ones before it have left.
        fc.asyncProperty(round, async (commits) => {
          let newest = written.length;
          for (const commit of commits) {
            newest = written.length;
            const records = commit.map((each) => ({ ...each, topic: 'orders.state', partition: 0 }));
            written.push(...records.map((each, index) => ({ ...each, offset: newest + index })));
            await log.append(records);
          }
          await log.retain(NOW);
          const left = await readFile('orders.state');
          expect(left.map(({ offset }) => written[offset])).toEqual(left);
          expect(fold(left)).toEqual(fold(written));
          const last = new Map(written.map(({ key, offset }) => [key, offset]));
          for (const { key, offset, value, timestamp } of left.filter((record) => record.offset < newest)) {
            expect(offset).toBe(last.get(key));
            expect(value !== null || timestamp >= NOW - DAY_MS).toBe(true);
          }
        }),
        { numRuns: 10, endOnFailure: true },
      );
    });

    it('leaves holes that readers walk over, from any offset, also after a restart', async () => {
      for (let index = 0; index < 300; index++) {
        await log.append([state(index % 50 === 0 ? `rare-${index}` : `often-${index % 3}`, String(index))]);
      }
      await log.retain(NOW);
      await reopen();
      expect(await log.bounds('orders.state', 0)).toEqual({ start: 0, end: 300 });
      const offsets = [0, 50, 100, 150, 200, 250, 297, 298, 299];
      expect((await readToEnd(log, 'orders.state', 0)).map(({ offset }) => offset)).toEqual(offsets);
      for (const from of [1, 49, 50, 51, 260, 299]) {
        const reading = log.follow('orders.state', 0, from, new AbortController().signal)[Symbol.asyncIterator]();
        expect((await firstRecordOf(reading)).offset).toBe(offsets.find((offset) => offset >= from));
      }
    });

    it('drops a tombstone a day after it was written, and not before', async () => {
      await log.append([state('gone', '1')]);
      await log.append([state('gone', null)]);
      await log.append([state('other', '1')]);
      await log.retain(NOW + DAY_MS);
      expect((await readFile('orders.state')).map(({ key }) => key)).toEqual(['gone', 'other']);
      await log.append([state('more', '1')]);
      await log.append([state('last', '1')]);
      await log.retain(NOW + DAY_MS + 1);
      expect((await readFile('orders.state')).map(({ key }) => key)).toEqual(['other', 'more', 'last']);
    });

    it('goes on beside appends, and whole when it is ended in the middle', async () => {
      for (let index = 0; index < 200; index++) {
        await log.append(Array.from({ length: 20 }, (_, key) => state(`k-${key}`, `${index}.${'x'.repeat(500)}`)));
      }
      const before = fold(await readToEnd(log, 'orders.state', 0));
      const compacting = log.retain(NOW);
      for (let index = 0; index < 10; index++) await log.append([state(`beside-${index}`, '1')]);
      await reopen();
      await compacting;
      const after = fold(await readToEnd(log, 'orders.state', 0));
      expect([...after].filter(([key]) => key?.startsWith('beside'))).toHaveLength(10);
      expect([...after].filter(([key]) => key?.startsWith('k-'))).toEqual([...before]);
      await log.retain(NOW);
      expect(fold(await readToEnd(log, 'orders.state', 0))).toEqual(after);
      expect(await readFile('orders.state')).toHaveLength(30);
    });

    it('lets the file not grow with the number of changes', async () => {
      const sizes: number[] = [];
      for (let round = 0; round < 5; round++) {
        for (let index = 0; index < 60; index++) await log.append([state('k', 'x'.repeat(5_000))]);
        await log.retain(NOW);
        await reopen();
        sizes.push(statSync(join(directory, 'log.db')).size);
      }
      expect(sizes[4]).toBeLessThanOrEqual(2 * (sizes[0] ?? 0));
    });

    it('does not write anew what is damaged, but says so', async () => {
      for (let index = 0; index < 50; index++) await log.append([state('k', `marker-${index}`)]);
      await log.close();
      const path = join(directory, 'log.db');
      const at = readFileSync(path).indexOf('marker-7');
      const file = openSync(path, 'r+');
      writeSync(file, 'M', at);
      closeSync(file);
      await open();
      const failures: Error[] = [];
      log.onFailure((error) => failures.push(error));
      await log.retain(NOW);
      expect(failures).toMatchObject([{ code: 'LOG_DAMAGED' }]);
    });
  });
});
