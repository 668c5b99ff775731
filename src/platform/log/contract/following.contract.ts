import { eventually } from '../../../../test/support/eventually';
import { OffsetOutOfRange, type Log } from '../log.port';
import { firstRecordOf, readToEnd, record } from './contract-tools.contract';

/** Followers see committed records from any offset, and live. */
export function describeFollowing(current: () => Log): void {
  describe('following', () => {
    it('goes on from any offset, and live', async () => {
      await current().append([0, 1, 2, 3].map((value) => record({ partition: 2, value: String(value) })));
      const [, second] = await readToEnd(current(), 'orders.commands', 2);
      const seen: string[] = [];
      const stop = new AbortController();
      const following = (async (): Promise<void> => {
        for await (const { records } of current().follow('orders.commands', 2, second?.offset ?? -1, stop.signal)) {
          for (const { value } of records) seen.push(value ?? '');
        }
      })();
      await eventually(() => expect(seen).toEqual(['1', '2', '3']));
      await current().append([record({ partition: 2, value: 'live' })]);
      await eventually(() => expect(seen).toEqual(['1', '2', '3', 'live']));
      stop.abort();
      await following;
    });

    it('tells at least once a second that nothing came', async () => {
      const stop = new AbortController();
      const started = Date.now();
      let quiet = 0;
      for await (const { records, next } of current().follow('orders.commands', 0, 0, stop.signal)) {
        expect(records).toEqual([]);
        expect(next).toBe(0);
        if (++quiet === 2) stop.abort();
      }
      expect(quiet).toBe(2);
      expect(Date.now() - started).toBeLessThan(3_500);
    });

    it('serves followers of one partition side by side, a slow one holding up nobody', async () => {
      const stop = new AbortController();
      const stuck = current().follow('orders.commands', 3, 0, stop.signal)[Symbol.asyncIterator]();
      await current().append([record({ partition: 3, value: 'first' })]);
      await stuck.next();
      for (let index = 0; index < 20; index++) await current().append([record({ partition: 3, value: String(index) })]);
      expect(await readToEnd(current(), 'orders.commands', 3)).toHaveLength(21);
      stop.abort();
      await stuck.return?.();
    });

    it('ends soon when its signal aborts', async () => {
      const stop = new AbortController();
      const ended = (async (): Promise<void> => {
        for await (const _ of current().follow('orders.commands', 0, 0, stop.signal)) void _;
      })();
      const started = Date.now();
      stop.abort();
      await ended;
      expect(Date.now() - started).toBeLessThan(1_000);
    });

    it('refuses an offset that is not yet in the log', async () => {
      await current().append([record({ partition: 0 })]);
      const stop = new AbortController();
      const reading = current().follow('orders.commands', 0, 1_000, stop.signal)[Symbol.asyncIterator]();
      await expect(firstRecordOf(reading)).rejects.toThrow(OffsetOutOfRange);
    });

    it('tells the bounds of a partition', async () => {
      expect(await current().bounds('orders.commands', 1)).toEqual({ start: 0, end: 0 });
      await current().append([record({ partition: 1 }), record({ partition: 1 })]);
      expect(await current().bounds('orders.commands', 1)).toEqual({ start: 0, end: 2 });
    });
  });
}
