import * as fc from 'fast-check';
import { accountsView, entriesView } from '../testing/ledger.fixture';
import { booked, opened } from '../testing/ledger-world';
import { eventually } from '../testing/reading-side';
import { SseClient, type SseEvent } from '../testing/sse-client';
import type { TestDatabase } from '../testing/stores';
import { applied, caughtUp, closed, handedOver, idOf, StreamWorld } from '../testing/stream-world';

/** Streams with many, slow and leaving clients (G7), whatever the database. */
export function streamsLoadContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`streams with many clients, on ${name}`, () => {
    const world = new StreamWorld(makeDatabase);

    it('G7: a log stream has no gap and no double, for many clients that come, go and resume while events are projected', async () => {
      const journeys = Array.from({ length: 30 }, (_, index) => ({
        path: index % 3 === 0 ? '/entries?id=a0' : '/entries',
        seen: [] as SseEvent[],
        client: undefined as SseClient | undefined,
      }));
      const random = fc.sample(fc.nat({ max: 1_000 }), { numRuns: 4_000, seed: 7 });
      let dice = 0;
      const chance = (permille: number): boolean => (random[dice++ % random.length] ?? 0) < permille;
      const leave = (journey: (typeof journeys)[number]): void => {
        const { client } = journey;
        if (client === undefined) return;
        journey.seen.push(...client.items);
        journey.client = undefined;
        client.destroy();
      };
      for (let round = 0; round < 60; round++) {
        await world.write(Array.from({ length: 40 }, (_, index) => booked(`a${index % 5}`)));
        for (const journey of journeys) {
          if (journey.client === undefined && chance(400)) {
            journey.client = world.connect(journey.path, journey.seen[journey.seen.length - 1]?.id);
          } else if (chance(150)) leave(journey);
        }
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      await world.projected();
      for (const journey of journeys) {
        journey.client ??= world.connect(journey.path, journey.seen[journey.seen.length - 1]?.id);
      }
      const rows = await world.side.store.from(entriesView.table).select(['id', 'place', 'sequence']).execute();
      const total = new Map([
        ['/entries', rows.length],
        ['/entries?id=a0', rows.filter(({ id }) => id === 'a0').length],
      ]);
      const orders = new Map<string, unknown[]>();
      for (const journey of journeys) {
        const { path, seen, client } = journey;
        await eventually(
          () => seen.length + (client?.items.length ?? 0),
          (count) => count >= (total.get(path) ?? 0),
          20_000,
        );
        leave(journey);
        const got = seen.map(({ data }) => data);
        expect(new Set(got.map((data) => JSON.stringify(data))).size).toBe(total.get(path));
        expect(got).toHaveLength(total.get(path) ?? 0);
        const order = orders.get(path) ?? got;
        expect(got).toEqual(order);
        orders.set(path, order);
      }
    }, 60_000);

    it('G7: a table stream ends at the state of the table, whoever comes, goes and resumes meanwhile', async () => {
      const ids = ['a0', 'a1', 'a2', 'a3', 'a4'];
      const owners = ['alice', 'bob'];
      const random = fc.sample(fc.nat({ max: 999 }), { numRuns: 8_000, seed: 11 });
      let dice = 0;
      const pick = <T>(list: readonly T[]): T => list[(random[dice++ % random.length] ?? 0) % list.length] as T;
      const journeys = Array.from({ length: 20 }, (_, index) => ({
        path: index % 2 === 0 ? `/accounts?owner=${owners[index % 4 === 0 ? 0 : 1]}` : '/accounts',
        seen: [] as SseEvent[],
        client: undefined as SseClient | undefined,
      }));
      const lastId = (events: readonly SseEvent[]): string | undefined => events[events.length - 1]?.id;
      for (let round = 0; round < 60; round++) {
        await world.write(
          Array.from({ length: 10 }, () => {
            const id = pick(ids);
            return pick([opened(id, 1, pick(owners)), booked(id), handedOver(id, pick(owners)), closed(id)]);
          }),
        );
        for (const journey of journeys) {
          if (pick([0, 1, 2, 3]) > 0) continue;
          if (journey.client === undefined) journey.client = world.connect(journey.path, lastId(journey.seen));
          else {
            journey.seen.push(...journey.client.events);
            journey.client.destroy();
            journey.client = undefined;
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      await world.projected();
      const rows = await world.side.store
        .from(accountsView.table)
        .select(['id', 'owner', 'total'])
        .orderBy('id')
        .execute();
      for (const { path, seen, client } of journeys) {
        const last = client ?? world.connect(path, lastId(seen));
        const mine = rows.filter(({ owner }) => path === '/accounts' || path.endsWith(`=${owner}`));
        const state = await eventually(
          () =>
            [...applied([...seen, ...last.events], idOf).values()].sort((a, b) =>
              String(idOf(a)) < String(idOf(b)) ? -1 : 1,
            ),
          (found) => JSON.stringify(found) === JSON.stringify(mine),
        );
        expect(state).toEqual(mine);
      }
    }, 60_000);

    it('drops a client that does not read, and no other', async () => {
      let slowClients = 0;
      await world.restart({ unreadBytesMax: 64 * 1024, onSlow: () => slowClients++ });
      const long = 'x'.repeat(4_000);
      await world.write([opened('a0')]);
      await world.projected();
      const slow = world.connect('/accounts', undefined, false);
      const good = world.connect('/accounts');
      await caughtUp(good);
      await eventually(
        () => world.hub.clientCount,
        (count) => count === 2,
      );
      for (let round = 0; world.hub.clientCount === 2 && round < 400; round++) {
        await world.write(Array.from({ length: 20 }, (_, index) => opened(`b${round}-${index}0`, 1, long)));
        await world.projected();
      }
      expect(world.hub.clientCount).toBe(1);
      expect(slowClients).toBe(1);
      await eventually(
        () => slow.isEnded || world.hub.clientCount,
        (is) => is === true || is === 1,
      );
      const count = await world.side.store.from(accountsView.table).select('id').execute();
      await eventually(
        () => good.items.length,
        (length) => length === count.length,
      );
      expect(good.isEnded).toBe(false);
    }, 60_000);

    it('waits with the snapshot for a client that reads slowly, and drops it when it stops reading', async () => {
      let slowClients = 0;
      await world.restart({ drainMsMax: 1_500, tickMs: 50, onSlow: () => slowClients++ });
      const long = 'x'.repeat(10_000);
      await world.write(Array.from({ length: 2_500 }, (_, index) => opened(`b${index}-0`, 1, long)));
      await world.projected();
      world.connect('/accounts', undefined, false);
      await eventually(
        () => world.hub.clientCount,
        (count) => count === 1,
      );
      await eventually(
        () => world.hub.clientCount,
        (count) => count === 0,
      );
      expect(slowClients).toBe(1);
      const good = world.connect('/accounts');
      await eventually(
        () => good.isEnded || good.isCaughtUp,
        (is) => is,
      );
      expect({ items: good.items.length, slowClients }).toEqual({ items: 2_500, slowClients: 1 });
    }, 60_000);

    it('sends comments to a client that has nothing to read', async () => {
      await world.restart({ tickMs: 10 });
      const client = world.connect('/accounts');
      await eventually(
        () => client.comments,
        (count) => count >= 3,
      );
      expect(client.events).toHaveLength(1);
    });

    it('ends every stream with a retry line when it closes', async () => {
      const client = world.connect('/accounts');
      await caughtUp(client);
      client.retryMs = undefined;
      world.hub.close();
      await eventually(
        () => client.isEnded,
        (is) => is,
      );
      expect(client.retryMs).toBeGreaterThanOrEqual(1_000);
      expect(world.hub.clientCount).toBe(0);
    });
  });
}
