import { StoredViewOperations } from '../rebuild/view-operations';
import { accountsView, entriesView } from '../testing/ledger.fixture';
import { booked, opened } from '../testing/ledger-world';
import { eventually, ledgerProjections } from '../testing/reading-side';
import type { TestDatabase } from '../testing/stores';
import { GenerationChanged, SqlStreamSource } from './stream-source';
import { applied, caughtUp, idOf, StreamWorld } from '../testing/stream-world';

/** What clients of a stream see of a rebuild, whatever the database. */
export function streamSwapContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`streams over a rebuild on ${name}`, () => {
    const world = new StreamWorld(makeDatabase);

    async function rebuilt(view: string): Promise<void> {
      const { log, store, projector } = world.side;
      const asked = (): void => void projector.lookForRequests();
      const operations = new StoredViewOperations(log, store, ledgerProjections, asked);
      await operations.rebuild(view);
      await eventually(
        async () => (await operations.list()).find((one) => one.name === view),
        (status) => status?.generation === 2,
      );
    }

    it('G7: ends the streams of the old generation; who comes again is told to begin afresh', async () => {
      await world.write([opened('a0', 1), opened('a1', 1)]);
      await world.projected();
      const before = world.connect('/accounts');
      await caughtUp(before);
      await rebuilt(accountsView.name);
      await eventually(
        () => before.isEnded,
        (is) => is,
      );
      expect(before.retryMs).toBeGreaterThanOrEqual(1_000);
      const last = before.events[before.events.length - 1]?.id;
      const after = world.connect('/accounts', last);
      await caughtUp(after);
      expect(after.events[0]?.event).toBe('reset');
      await world.write([booked('a0', 5)]);
      await eventually(
        () => applied(after.events, idOf).get('a0'),
        (row) => (row as { total: number }).total === 6,
      );
      expect(after.items.every(({ id }) => id?.startsWith('2-'))).toBe(true);
      expect(world.openFailures).toEqual([]);
    });

    it('reads nothing under the positions of a generation that is no longer live', async () => {
      await world.write([opened('a0', 1), opened('a1', 1)]);
      await world.projected();
      const old = new SqlStreamSource(world.side.store, accountsView.name);
      expect((await old.slice(0, 2, 10)).items).toHaveLength(2);
      await rebuilt(accountsView.name);
      expect((await old.slice(0, 1_000, 10)).items).toEqual([]);
      await expect(old.head()).rejects.toBeInstanceOf(GenerationChanged);
    });

    it('gives a client rows of one generation alone, whenever it came', async () => {
      await world.write(Array.from({ length: 300 }, (_, index) => opened(`a${index}`, index)));
      await world.projected();
      const clients = Array.from({ length: 5 }, () => world.connect('/entries'));
      const rebuilding = rebuilt(entriesView.name);
      for (let index = 0; index < 20; index++) {
        clients.push(world.connect('/entries'));
        await world.write([opened(`b${index}`, index)]);
      }
      await rebuilding;
      await world.projected();
      // Those that come between the swap and its news are told to come again, too.
      let last = world.connect('/entries');
      await eventually(
        () => {
          if (last.isEnded) last = world.connect('/entries');
          return last.isCaughtUp && clients.every((client) => client.isEnded || client.isCaughtUp);
        },
        (is) => is,
      );
      clients.push(last);
      for (const client of clients) {
        const generations = new Set(client.items.map(({ id }) => id?.split('-')[0]));
        expect(generations.size).toBeLessThanOrEqual(1);
        const places = client.items.map(({ data }) => JSON.stringify(data));
        expect(new Set(places).size).toBe(places.length);
      }
      expect(last.items).toHaveLength(320);
    });
  });
}
