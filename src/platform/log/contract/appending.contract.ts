import type { Log, NewRecord } from '../log.port';
import { PARTITIONS, manyHeaders, offsetsRise, readAll, readToEnd, record } from './contract-tools.contract';

/** What is appended is there: once, in order, unchanged. */
export function describeAppending(current: () => Log): void {
  describe('appending and reading', () => {
    it('G3 keeps the order of each partition', async () => {
      for (let from = 0; from < 30; from += 3) {
        await current().append([0, 1, 2].map((step) => record({ partition: 1, value: String(from + step) })));
      }
      const read = await readToEnd(current(), 'orders.commands', 1);
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
      await current().append(places.map(([key]) => ({ topic: 'wide', key, value: '1', headers: {} })));
      for (const [key, partition] of places) {
        expect((await readToEnd(current(), 'wide', partition)).map((read) => read.key)).toContain(key);
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
      await current().append(written);
      const read = await readToEnd(current(), 'orders.commands', 0);
      expect(read).toEqual(written.map((each) => ({ ...each, offset: expect.any(Number) })));
    });

    it('gives a record without a timestamp the present time', async () => {
      const before = Date.now();
      await current().append([record({ partition: 0 })]);
      const [read] = await readToEnd(current(), 'orders.commands', 0);
      expect(read?.timestamp).toBeGreaterThanOrEqual(before - 1_000);
      expect(read?.timestamp).toBeLessThanOrEqual(Date.now() + 1_000);
    });

    it('holds the appends of many callers once each, and each caller’s in order', async () => {
      const callers = 50;
      const each = 20;
      await Promise.all(
        Array.from({ length: callers }, async (_, caller) => {
          for (let step = 0; step < each; step++) {
            await current().append([
              { topic: 'orders.commands', key: `caller-${caller}`, value: String(step), headers: {} },
              { topic: 'orders.events', key: `caller-${caller}`, value: String(step), headers: {} },
            ]);
          }
        }),
      );
      for (const topic of ['orders.commands', 'orders.events']) {
        const byCaller = Map.groupBy(await readAll(current(), topic, PARTITIONS), ({ key }) => key);
        expect(byCaller.size).toBe(callers);
        for (const records of byCaller.values()) {
          expect(records.map(({ value }) => Number(value))).toEqual(Array.from({ length: each }, (_, step) => step));
        }
      }
    });

    it('appends nothing when given nothing', async () => {
      await current().append([]);
      const { start, end } = await current().bounds('orders.commands', 0);
      expect(end).toBe(start);
    });
  });
}
