import { accountsView } from '../testing/ledger.fixture';
import { booked, opened } from '../testing/ledger-world';
import { eventually } from '../testing/reading-side';
import type { TestDatabase } from '../testing/stores';
import { applied, caughtUp, closed, handedOver, idOf, StreamWorld } from '../testing/stream-world';
import { pruneDeleteMarks } from '../view-reads';
import { InvalidRow } from '../views.errors';

/** What clients of a stream see, whatever the database. */
export function streamsContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`streams on ${name}`, () => {
    const world = new StreamWorld(makeDatabase);

    it('sends what is there, then caught-up, then what comes', async () => {
      await world.write([opened('a0'), opened('a1')]);
      await world.projected();
      const client = world.connect('/accounts');
      await caughtUp(client);
      expect(client.status).toBe(200);
      expect(client.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      expect(client.retryMs).toBeGreaterThanOrEqual(1_000);
      expect(client.events.map(({ event }) => event)).toEqual(['message', 'message', 'caught-up']);
      await world.write([booked('a0', 2)]);
      await eventually(
        () => client.events.length,
        (length) => length === 4,
      );
      expect(client.events[3]).toEqual({ event: 'message', id: '1-3', data: { id: 'a0', owner: 'alice', total: 3 } });
    });

    it('says caught-up at once when nothing is there', async () => {
      const client = world.connect('/entries?id=nobody');
      await caughtUp(client);
      expect(client.events).toEqual([{ event: 'caught-up', id: '1-0', data: {} }]);
    });

    it('shows a client the rows of its filter alone', async () => {
      await world.write([opened('a0', 1, 'alice'), opened('a1', 1, 'bob')]);
      await world.projected();
      const client = world.connect('/accounts?owner=bob');
      await caughtUp(client);
      await world.write([booked('a0'), booked('a1', 5), opened('a2', 1, 'bob')]);
      await eventually(
        () => applied(client.events, idOf).size,
        (size) => size === 2,
      );
      await eventually(
        () => applied(client.events, idOf).get('a1'),
        (row) => (row as { total: number }).total === 6,
      );
      expect(new Set(applied(client.events, idOf).keys())).toEqual(new Set(['a1', 'a2']));
      expect(client.items.every(({ data }) => (data as { owner: string }).owner === 'bob')).toBe(true);
    });

    it('tells of rows that go away, and of rows that leave the filter', async () => {
      await world.write([opened('a0', 1, 'alice'), opened('a1', 1, 'alice'), opened('a2', 1, 'alice')]);
      await world.projected();
      const alice = world.connect('/accounts?owner=alice');
      const everybody = world.connect('/accounts');
      await Promise.all([caughtUp(alice), caughtUp(everybody)]);
      await world.write([closed('a0')]);
      await world.projected();
      await world.write([handedOver('a1', 'bob')]);
      await world.projected();
      await eventually(
        () => alice.events.filter(({ event }) => event === 'delete').map(({ data }) => data),
        (deleted) => JSON.stringify(deleted) === '[{"id":"a0"},{"id":"a1"}]',
      );
      await eventually(
        () => applied(everybody.events, idOf).get('a1'),
        (row) => (row as { owner: string }).owner === 'bob',
      );
      expect(everybody.events.filter(({ event }) => event === 'delete').map(({ data }) => data)).toEqual([
        { id: 'a0' },
      ]);
    });

    it('refuses a filter on a column without an index', async () => {
      world.connect('/accounts?note=x');
      const [failure] = await eventually(
        () => world.openFailures,
        ({ length }) => length === 1,
      );
      expect(failure).toBeInstanceOf(InvalidRow);
    });

    it('resumes after Last-Event-ID without repeating', async () => {
      await world.write([opened('a0'), opened('a1')]);
      await world.projected();
      const first = world.connect('/accounts');
      await caughtUp(first);
      first.destroy();
      await world.write([opened('a2'), closed('a0')]);
      await world.projected();
      const second = world.connect('/accounts', first.lastEventId);
      await caughtUp(second);
      expect(second.events.map(({ event }) => event).sort()).toEqual(['caught-up', 'delete', 'message']);
      expect(second.items.map(({ data }) => idOf(data))).toEqual(['a2']);
    });

    it.each(['2-1', 'nonsense', '1-999999', '1', '-1-1', '1-99999999999999999999'])(
      'resets a client whose Last-Event-ID is %s',
      async (lastEventId) => {
        await world.write([opened('a0')]);
        await world.projected();
        const client = world.connect('/accounts', lastEventId);
        await caughtUp(client);
        expect(client.events.map(({ event }) => event)).toEqual(['reset', 'message', 'caught-up']);
      },
    );

    it('resets a table stream that resumes from before the kept deletions, and never a log stream', async () => {
      await world.write([opened('a0'), opened('a2')]);
      await world.projected();
      const first = world.connect('/accounts');
      await caughtUp(first);
      await world.write([closed('a0')]);
      await world.projected();
      await pruneDeleteMarks(world.side.store, accountsView.name, Date.now() + 1_000);
      const table = world.connect('/accounts', '1-2');
      await caughtUp(table);
      expect(table.events.map(({ event }) => event)).toEqual(['reset', 'message', 'caught-up']);
      const entries = world.connect('/entries', '1-1');
      await caughtUp(entries);
      expect(entries.events.map(({ event }) => event)).toEqual(['message', 'message', 'caught-up']);
    });
  });
}
