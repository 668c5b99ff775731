import type { Log } from '../log.port';
import { PARTITIONS, TOPICS, holds, readToEnd, record, type LogUnderTest } from './contract-tools.contract';

/** A log keeps its id, its records and its topics over closing and opening. */
export function describeOpening(current: () => Log, underTest: () => LogUnderTest): void {
  describe('identity and topics', () => {
    it('G1 has all that was written when it is opened again, and the same id', async () => {
      await current().append([record({ partition: 0, value: 'kept' })]);
      const writer = await current().openWriter('orders.processor', 'orders.commands', 0);
      await writer.commit(0, 1, [record({ topic: 'orders.events', value: 'kept too' })]);
      const { id } = current();
      expect(id).not.toBe('');
      await current().close();
      const again = await underTest().open();
      await again.ensureTopics(TOPICS);
      expect(again.id).toBe(id);
      expect((await readToEnd(again, 'orders.commands', 0)).map(({ value }) => value)).toEqual(['kept']);
      await holds(again, 'orders.events', 0, ['kept too']);
      expect((await again.openWriter('orders.processor', 'orders.commands', 0)).committed).toBe(1);
    });

    it('finds topics that are there already', async () => {
      await current().ensureTopics(TOPICS);
      expect(current().partitions('orders.commands')).toBe(PARTITIONS);
      expect(current().partitions('wide')).toBe(8);
    });

    it('tells topics as they are, and makes none', async () => {
      const names = ['never.made', ...TOPICS.map(({ name }) => name)];
      await current().find(names);
      const found = await current().find(names);

      expect(new Map(found.map(({ name, policy }) => [name, policy]))).toEqual(
        new Map(TOPICS.map(({ name, policy }) => [name, policy])),
      );
      expect(found.find(({ name }) => name === 'wide')?.partitions).toBe(8);
    });

    it('refuses a topic of another policy or count, saying which', async () => {
      const wrongPolicy = current().ensureTopics([{ name: 'orders.state', partitions: PARTITIONS, policy: 'keep' }]);
      await expect(wrongPolicy).rejects.toMatchObject({
        name: 'LogSetupError',
        code: 'LOG_TOPIC_POLICY',
        message: expect.stringContaining('orders.state'),
      });
      const wrongTime = current().ensureTopics([{ name: 'orders.events', policy: { deleteAfterMs: 1_000 } }]);
      await expect(wrongTime).rejects.toMatchObject({ code: 'LOG_TOPIC_POLICY' });
      const wrongCount = current().ensureTopics([{ name: 'wide', partitions: 3, policy: 'keep' }]);
      await expect(wrongCount).rejects.toMatchObject({ code: 'LOG_TOPIC_POLICY' });
    });

    it('answers a ping', async () => {
      await current().ping();
    });
  });
}
