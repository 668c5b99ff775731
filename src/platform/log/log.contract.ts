import { eventually } from '../../../test/support/eventually';
import {
  OffsetOutOfRange,
  WriterFenced,
  type Log,
  type LogRecord,
  type NewRecord,
  type OwnedPartition,
  type TopicSpec,
} from './log.port';

/** One empty log, made for one test. */
export interface LogUnderTest {
  /** Opens it once more; with `members: 'one'` the instance before must be closed first. */
  open(): Promise<Log>;
  /** Whether several instances may be open at a time. */
  readonly members: 'one' | 'many';
  /** Closes what is still open and frees what the log has used. */
  dispose(): Promise<void>;
}

const PARTITIONS = 4;
const TAKE_OVER_MS = 30_000;
const TOPICS: readonly TopicSpec[] = [
  { name: 'orders.commands', partitions: PARTITIONS, policy: 'keep' },
  { name: 'orders.events', partitions: PARTITIONS, policy: 'keep' },
  { name: 'orders.state', partitions: PARTITIONS, policy: 'compact' },
  { name: 'wide', partitions: 8, policy: 'keep' },
];

/** What the platform expects of a log; every adapter runs it. */
export function describeLogContract(name: string, openLog: () => Promise<LogUnderTest>): void {
  describe(`the log contract, ${name}`, () => {
    let underTest: LogUnderTest;
    let log: Log;

    beforeEach(async () => {
      underTest = await openLog();
      log = await underTest.open();
      await log.ensureTopics(TOPICS);
    });

    afterEach(() => underTest.dispose());

    describe('appending and reading', () => {
      it('G3 keeps the order of each partition', async () => {
        for (let from = 0; from < 30; from += 3) {
          await log.append([0, 1, 2].map((step) => record({ partition: 1, value: String(from + step) })));
        }
        const read = await readToEnd(log, 'orders.commands', 1);
        expect(read.map(({ value }) => value)).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
        expect(offsetsRise(read)).toBe(true);
      });

      it('places keys as the Java client does', async () => {
        const places: readonly [string, number][] = [
          ['21', 4],
          ['foobar', 6],
          ['a-little-bit-long-string', 0],
          ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', 5],
          ['abc', 3],
          ['übergröße-€-😀', 7],
          ['', 1],
        ];
        await log.append(places.map(([key]) => ({ topic: 'wide', key, value: '1', headers: {} })));
        for (const [key, partition] of places) {
          expect((await readToEnd(log, 'wide', partition)).map((read) => read.key)).toContain(key);
        }
      });

      it('gives back keys, values, headers and timestamps as they were', async () => {
        const written: readonly NewRecord[] = [
          record({ key: null, value: null, headers: {}, timestamp: 1_700_000_000_000 }),
          record({ key: '', value: '', headers: { empty: '' }, timestamp: 1_700_000_000_500 }),
          record({
            key: 'žluťoučký-€-😀',
            value: JSON.stringify({ text: 'ß漢字😀'.repeat(300), quote: '"\\\n' }),
            headers: { 'correlation-id': 'c-1', ünïcode: '漢字', long: 'x'.repeat(5_000) },
            timestamp: 1_600_000_000_000,
          }),
          record({ key: 'k', value: 'x'.repeat(200_000), headers: manyHeaders(), timestamp: 1_500_000_000_000 }),
        ];
        await log.append(written);
        const read = await readToEnd(log, 'orders.commands', 0);
        expect(read.map(({ offset: _, ...rest }) => rest)).toEqual(written);
      });

      it('gives a record without a timestamp the present time', async () => {
        const before = Date.now();
        await log.append([record({ partition: 0 })]);
        const [read] = await readToEnd(log, 'orders.commands', 0);
        expect(read?.timestamp).toBeGreaterThanOrEqual(before - 1_000);
        expect(read?.timestamp).toBeLessThanOrEqual(Date.now() + 1_000);
      });

      it('holds the appends of many callers once each, and each caller’s in order', async () => {
        const callers = 50;
        const each = 20;
        await Promise.all(
          Array.from({ length: callers }, async (_, caller) => {
            for (let step = 0; step < each; step++) {
              await log.append([
                { topic: 'orders.commands', key: `caller-${caller}`, value: String(step), headers: {} },
                { topic: 'orders.events', key: `caller-${caller}`, value: String(step), headers: {} },
              ]);
            }
          }),
        );
        for (const topic of ['orders.commands', 'orders.events']) {
          const byCaller = Map.groupBy(await readAll(log, topic, PARTITIONS), ({ key }) => key);
          expect(byCaller.size).toBe(callers);
          for (const records of byCaller.values()) {
            expect(records.map(({ value }) => Number(value))).toEqual(Array.from({ length: each }, (_, step) => step));
          }
        }
      });

      it('appends nothing when given nothing', async () => {
        await log.append([]);
        const { start, end } = await log.bounds('orders.commands', 0);
        expect(end).toBe(start);
      });
    });

    describe('following', () => {
      it('goes on from any offset, and live', async () => {
        await log.append([0, 1, 2, 3].map((value) => record({ partition: 2, value: String(value) })));
        const [, second] = await readToEnd(log, 'orders.commands', 2);
        const seen: string[] = [];
        const stop = new AbortController();
        const following = (async (): Promise<void> => {
          for await (const { records } of log.follow('orders.commands', 2, second?.offset ?? -1, stop.signal)) {
            for (const { value } of records) seen.push(value ?? '');
          }
        })();
        await eventually(() => expect(seen).toEqual(['1', '2', '3']));
        await log.append([record({ partition: 2, value: 'live' })]);
        await eventually(() => expect(seen).toEqual(['1', '2', '3', 'live']));
        stop.abort();
        await following;
      });

      it('tells at least once a second that nothing came', async () => {
        const stop = new AbortController();
        const started = Date.now();
        let quiet = 0;
        for await (const { records, next } of log.follow('orders.commands', 0, 0, stop.signal)) {
          expect(records).toEqual([]);
          expect(next).toBe(0);
          if (++quiet === 2) stop.abort();
        }
        expect(quiet).toBe(2);
        expect(Date.now() - started).toBeLessThan(3_500);
      });

      it('serves followers of one partition side by side, a slow one holding up nobody', async () => {
        const stop = new AbortController();
        const stuck = log.follow('orders.commands', 3, 0, stop.signal)[Symbol.asyncIterator]();
        await log.append([record({ partition: 3, value: 'first' })]);
        await stuck.next();
        for (let index = 0; index < 20; index++) await log.append([record({ partition: 3, value: String(index) })]);
        expect(await readToEnd(log, 'orders.commands', 3)).toHaveLength(21);
        stop.abort();
        await stuck.return?.();
      });

      it('ends soon when its signal aborts', async () => {
        const stop = new AbortController();
        const ended = (async (): Promise<void> => {
          for await (const _ of log.follow('orders.commands', 0, 0, stop.signal)) void _;
        })();
        const started = Date.now();
        stop.abort();
        await ended;
        expect(Date.now() - started).toBeLessThan(1_000);
      });

      it('refuses an offset that is not yet in the log', async () => {
        await log.append([record({ partition: 0 })]);
        const stop = new AbortController();
        const reading = log.follow('orders.commands', 0, 1_000, stop.signal)[Symbol.asyncIterator]();
        await expect(firstRecordOf(reading)).rejects.toThrow(OffsetOutOfRange);
      });

      it('tells the bounds of a partition', async () => {
        expect(await log.bounds('orders.commands', 1)).toEqual({ start: 0, end: 0 });
        await log.append([record({ partition: 1 }), record({ partition: 1 })]);
        expect(await log.bounds('orders.commands', 1)).toEqual({ start: 0, end: 2 });
      });
    });

    describe('transactions', () => {
      it('G2 commits records and offset together', async () => {
        const writer = await log.openWriter('orders.processor', 'orders.commands', 0);
        expect(writer.committed).toBeUndefined();
        await writer.commit(0, 3, [
          record({ topic: 'orders.events', value: 'e1' }),
          record({ topic: 'orders.events', value: 'e2' }),
          record({ topic: 'orders.state', value: 's1' }),
        ]);
        expect(writer.committed).toBe(3);
        await writer.commit(3, 4, [record({ topic: 'orders.events', value: 'e3' })]);
        await writer.commit(4, 9, []);
        await writer.close();
        expect((await readToEnd(log, 'orders.events', 0)).map(({ value }) => value)).toEqual(['e1', 'e2', 'e3']);
        expect((await readToEnd(log, 'orders.state', 0)).map(({ value }) => value)).toEqual(['s1']);
        expect((await log.openWriter('orders.processor', 'orders.commands', 0)).committed).toBe(9);
      });

      it('keeps the offsets of groups and partitions apart', async () => {
        const first = await log.openWriter('orders.processor', 'orders.commands', 0);
        await first.commit(0, 7, []);
        expect((await log.openWriter('orders.reactor', 'orders.commands', 0)).committed).toBeUndefined();
        expect((await log.openWriter('orders.processor', 'orders.commands', 1)).committed).toBeUndefined();
      });

      it('commits a large batch whole', async () => {
        const writer = await log.openWriter('orders.processor', 'orders.commands', 2);
        const events = Array.from({ length: 500 }, (_, index) =>
          record({ topic: 'orders.events', partition: 2, value: String(index), headers: manyHeaders() }),
        );
        await writer.commit(0, 500, events);
        const read = await readToEnd(log, 'orders.events', 2);
        expect(read.map(({ value }) => value)).toEqual(events.map(({ value }) => value));
      });

      it('G4 refuses an earlier writer once another was opened, and writes nothing of it', async () => {
        const early = await log.openWriter('orders.processor', 'orders.commands', 0);
        await early.commit(0, 1, [record({ topic: 'orders.events', value: 'early' })]);
        const late = await log.openWriter('orders.processor', 'orders.commands', 0);
        expect(late.committed).toBe(1);
        const zombie = early.commit(1, 2, [record({ topic: 'orders.events', value: 'zombie' })]);
        await expect(zombie).rejects.toThrow(WriterFenced);
        await expect(early.commit(1, 2, [])).rejects.toThrow(WriterFenced);
        await late.commit(1, 2, [record({ topic: 'orders.events', value: 'late' })]);
        expect((await readToEnd(log, 'orders.events', 0)).map(({ value }) => value)).toEqual(['early', 'late']);
      });

      it('refuses to commit after close', async () => {
        const writer = await log.openWriter('orders.processor', 'orders.commands', 0);
        await writer.close();
        await expect(writer.commit(0, 1, [])).rejects.toThrow(WriterFenced);
      });
    });

    describe('groups', () => {
      it('owns every partition, and aborts every signal on leaving', async () => {
        const { own, running } = recordingOwner();
        const membership = await log.join({ group: 'orders.processor', topics: ['orders.commands'], own });
        await eventually(() => expect([...running].sort()).toEqual(places('orders.commands')));
        expect(membership.owned.map(({ topic, partition }) => `${topic}/${partition}`).sort()).toEqual(
          places('orders.commands'),
        );
        await membership.leave();
        expect(running.size).toBe(0);
      });

      it('owns the partitions of several topics', async () => {
        const { own, running } = recordingOwner();
        const topics = ['orders.events', 'orders.state'];
        const membership = await log.join({ group: 'orders.view', topics, own });
        await eventually(() => expect([...running].sort()).toEqual(topics.flatMap(places)));
        await membership.leave();
      });

      it('lets a member that joins again own afresh, and write', async () => {
        for (let round = 0; round < 2; round++) {
          const written: number[] = [];
          const membership = await log.join({
            group: 'orders.processor',
            topics: ['orders.commands'],
            own: async ({ topic, partition, signal }) => {
              const writer = await log.openWriter('orders.processor', topic, partition);
              const from = writer.committed ?? 0;
              await writer.commit(from, from + 1, [record({ topic: 'orders.events', partition, value: `${from}` })]);
              written.push(partition);
              await aborted(signal);
              await writer.close();
            },
          });
          await eventually(() => expect(written).toHaveLength(PARTITIONS), { within: TAKE_OVER_MS });
          await membership.leave();
        }
        const events = await readAll(log, 'orders.events', PARTITIONS);
        expect(events.map(({ partition, value }) => `${partition}:${value}`).sort()).toEqual(
          [0, 1, 2, 3].flatMap((partition) => [`${partition}:0`, `${partition}:1`]),
        );
      });

      it('reports an error of an owner as fatal', async () => {
        const failure = new Promise<Error>((resolve) => log.onFailure(resolve));
        await log.join({
          group: 'orders.processor',
          topics: ['orders.commands'],
          own: async ({ partition, signal }) => {
            if (partition === 1) throw new Error('broken owner');
            await aborted(signal);
          },
        });
        expect((await failure).message).toContain('broken owner');
      });

      it('closes to the end: signals abort, followers finish, nothing more is taken', async () => {
        const { own, running } = recordingOwner();
        await log.join({ group: 'orders.processor', topics: ['orders.commands'], own });
        await eventually(() => running.size === PARTITIONS);
        const following = (async (): Promise<void> => {
          const never = new AbortController().signal;
          for await (const _ of log.follow('orders.events', 0, 0, never)) void _;
        })();
        const writer = await log.openWriter('orders.reactor', 'orders.events', 0);
        await log.close();
        expect(running.size).toBe(0);
        await following;
        await expect(log.append([record({ partition: 0 })])).rejects.toThrow();
        await expect(writer.commit(0, 1, [])).rejects.toThrow();
      });
    });

    describe('identity and topics', () => {
      it('G1 has all that was written when it is opened again, and the same id', async () => {
        await log.append([record({ partition: 0, value: 'kept' })]);
        const writer = await log.openWriter('orders.processor', 'orders.commands', 0);
        await writer.commit(0, 1, [record({ topic: 'orders.events', value: 'kept too' })]);
        const { id } = log;
        expect(id).not.toBe('');
        await log.close();
        const again = await underTest.open();
        await again.ensureTopics(TOPICS);
        expect(again.id).toBe(id);
        expect((await readToEnd(again, 'orders.commands', 0)).map(({ value }) => value)).toEqual(['kept']);
        expect((await readToEnd(again, 'orders.events', 0)).map(({ value }) => value)).toEqual(['kept too']);
        expect((await again.openWriter('orders.processor', 'orders.commands', 0)).committed).toBe(1);
      });

      it('finds topics that are there already', async () => {
        await log.ensureTopics(TOPICS);
        expect(log.partitions('orders.commands')).toBe(PARTITIONS);
        expect(log.partitions('wide')).toBe(8);
      });

      it('refuses a topic of another policy or count, saying which', async () => {
        const wrongPolicy = log.ensureTopics([{ name: 'orders.state', partitions: PARTITIONS, policy: 'keep' }]);
        await expect(wrongPolicy).rejects.toMatchObject({
          name: 'LogSetupError',
          code: 'LOG_TOPIC_POLICY',
          message: expect.stringContaining('orders.state'),
        });
        const wrongTime = log.ensureTopics([{ name: 'orders.events', policy: { deleteAfterMs: 1_000 } }]);
        await expect(wrongTime).rejects.toMatchObject({ code: 'LOG_TOPIC_POLICY' });
        const wrongCount = log.ensureTopics([{ name: 'wide', partitions: 3, policy: 'keep' }]);
        await expect(wrongCount).rejects.toMatchObject({ code: 'LOG_TOPIC_POLICY' });
      });

      it('answers a ping', async () => {
        await log.ping();
      });
    });
  });

  /** Records who runs, and fails the test when one partition runs twice at once. */
  function recordingOwner(): { own: (partition: OwnedPartition) => Promise<void>; running: Set<string> } {
    const running = new Set<string>();
    return {
      running,
      own: async ({ topic, partition, signal }) => {
        const place = `${topic}/${partition}`;
        if (running.has(place)) throw new Error(`${place} is owned twice`);
        running.add(place);
        await aborted(signal);
        running.delete(place);
      },
    };
  }
}

/** Reads a partition from its start to its present end. */
export async function readToEnd(log: Log, topic: string, partition: number): Promise<LogRecord[]> {
  const { start, end } = await log.bounds(topic, partition);
  const records: LogRecord[] = [];
  if (start === end) return records;
  const enough = new AbortController();
  for await (const batch of log.follow(topic, partition, start, enough.signal)) {
    records.push(...batch.records);
    if (batch.next >= end) enough.abort();
  }
  return records;
}

/** Reads all partitions of a topic, one after the other. */
export async function readAll(log: Log, topic: string, partitions: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let partition = 0; partition < partitions; partition++) records.push(...(await readToEnd(log, topic, partition)));
  return records;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function firstRecordOf(reading: AsyncIterator<{ records: readonly LogRecord[] }>): Promise<LogRecord> {
  for (;;) {
    const { done, value } = await reading.next();
    if (done === true) throw new Error('the follower has ended');
    const [first] = value.records;
    if (first !== undefined) return first;
  }
}

function record(some: Partial<NewRecord>): NewRecord {
  return { topic: 'orders.commands', partition: 0, key: 'k', value: '{}', headers: {}, ...some };
}

function manyHeaders(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`header-${index}`, `value-${index}`.repeat(3)]));
}

function places(topic: string): string[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => `${topic}/${partition}`);
}

function offsetsRise(records: readonly LogRecord[]): boolean {
  return records.every(({ offset }, index) => index === 0 || offset > (records[index - 1]?.offset ?? -1));
}
