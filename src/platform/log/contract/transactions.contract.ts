import { WriterFenced, type Log } from '../log.port';
import { holds, manyHeaders, record } from './contract-tools.contract';

/** Records and offset are one; a fenced writer changes nothing. */
export function describeTransactions(current: () => Log): void {
  describe('transactions', () => {
    it('G2 commits records and offset together', async () => {
      const writer = await current().openWriter('orders.processor', 'orders.commands', 0);
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
      await holds(current(), 'orders.events', 0, ['e1', 'e2', 'e3']);
      await holds(current(), 'orders.state', 0, ['s1']);
      expect((await current().openWriter('orders.processor', 'orders.commands', 0)).committed).toBe(9);
    });

    it('G2 commits records where the offset stays', async () => {
      const writer = await current().openWriter('orders.processor', 'orders.commands', 0);
      await writer.commit(0, 3, [record({ topic: 'orders.state', value: 's1' })]);
      await writer.commit(3, 3, [record({ topic: 'orders.state', value: 's2' })]);
      await writer.commit(3, 4, [record({ topic: 'orders.state', value: 's3' })]);
      await holds(current(), 'orders.state', 0, ['s1', 's2', 's3']);
      expect((await current().openWriter('orders.processor', 'orders.commands', 0)).committed).toBe(4);
    });

    it('keeps the offsets of groups and partitions apart', async () => {
      const first = await current().openWriter('orders.processor', 'orders.commands', 0);
      await first.commit(0, 7, []);
      expect((await current().openWriter('orders.reactor', 'orders.commands', 0)).committed).toBeUndefined();
      expect((await current().openWriter('orders.processor', 'orders.commands', 1)).committed).toBeUndefined();
    });

    it('commits a large batch whole', async () => {
      const writer = await current().openWriter('orders.processor', 'orders.commands', 2);
      const events = Array.from({ length: 500 }, (_, index) =>
        record({ topic: 'orders.events', partition: 2, value: String(index), headers: manyHeaders() }),
      );
      await writer.commit(0, 500, events);
      await holds(
        current(),
        'orders.events',
        2,
        events.map(({ value }) => value),
      );
    });

    it('G4 refuses an earlier writer once another was opened, and writes nothing of it', async () => {
      const early = await current().openWriter('orders.processor', 'orders.commands', 0);
      await early.commit(0, 1, [record({ topic: 'orders.events', value: 'early' })]);
      const late = await current().openWriter('orders.processor', 'orders.commands', 0);
      expect(late.committed).toBe(1);
      const zombie = early.commit(1, 2, [record({ topic: 'orders.events', value: 'zombie' })]);
      await expect(zombie).rejects.toThrow(WriterFenced);
      await expect(early.commit(1, 2, [])).rejects.toThrow(WriterFenced);
      await late.commit(1, 2, [record({ topic: 'orders.events', value: 'late' })]);
      await holds(current(), 'orders.events', 0, ['early', 'late']);
    });

    it('refuses to commit after close', async () => {
      const writer = await current().openWriter('orders.processor', 'orders.commands', 0);
      await writer.close();
      await expect(writer.commit(0, 1, [])).rejects.toThrow(WriterFenced);
    });
  });
}
