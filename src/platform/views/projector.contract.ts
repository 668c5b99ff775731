import * as fc from 'fast-check';
import { accountsView, entriesView, type LedgerEntry } from './testing/ledger.fixture';
import {
  accountsOf,
  allProjected,
  booked,
  entriesOf,
  foldAccounts,
  LedgerWorld,
  opened,
  TOPIC,
} from './testing/ledger-world';
import { eventually, ledgerProjections } from './testing/reading-side';
import type { TestDatabase } from './testing/stores';
import { readCheckpoints, takeOwnership } from './view-reads';
import { StaleOwner } from './views.errors';

/** What projecting promises, whatever the database. */
export function projectorContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`the projector on ${name}`, () => {
    const world = new LedgerWorld(makeDatabase);

    it('G6: makes views that equal the fold of the log, whatever the events', async () => {
      const id = fc.constantFrom('a0', 'a1', 'a2', 'b3');
      const amount = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 });
      const text = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((value) => !value.includes('\u0000'));
      const entry: fc.Arbitrary<LedgerEntry> = fc.oneof(
        fc.record({ id, owner: text, amount }).map((one) => opened(one.id, one.amount, one.owner)),
        fc
          .record({ id, amount, tags: fc.array(text, { maxLength: 3 }) })
          .map((one) => booked(one.id, one.amount, one.tags)),
        fc.record({ id, owner: text }).map((one): LedgerEntry => ({
          id: one.id,
          event: { type: 'HandedOver', data: { owner: one.owner } },
        })),
        id.map((one): LedgerEntry => ({ id: one, event: { type: 'Closed', data: {} } })),
      );
      const side = await world.open();
      await side.projector.start();
      let written: LedgerEntry[] = [];
      await fc.assert(
        fc.asyncProperty(fc.array(entry, { maxLength: 40 }), async (entries) => {
          await world.write(entries);
          written = [...written, ...entries];
          await allProjected(side);
          expect(await accountsOf(side)).toEqual(foldAccounts(written));
          expect(await entriesOf(side)).toHaveLength(written.length);
        }),
        { numRuns: 25 },
      );
      expect(side.fatal).toEqual([]);
    });

    it('gives doubles back to the last bit, and text as it was', async () => {
      const amounts = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 2 ** 53, 1e21, -1.5, 0, 123456789.12345679];
      const owner = `"quoted", 'single', \\ back, ü, 👩‍🚀, line\nbreak`;
      const side = await world.open();
      await side.projector.start();
      await world.write(amounts.map((amount, index) => opened(`a${index}`, amount, owner)));
      await allProjected(side);
      const rows = await accountsOf(side);
      expect(rows.map(({ total }) => total)).toEqual(amounts);
      expect(new Set(rows.map((row) => row.owner))).toEqual(new Set([owner]));
    });

    it('stores text that a database cannot hold with replacement characters, the same in both', async () => {
      const side = await world.open();
      await side.projector.start();
      await world.write([opened('a0', 1, 'nul\u0000 lone\uD800')]);
      await allProjected(side);
      expect((await accountsOf(side))[0]?.owner).toBe('nul\uFFFD lone\uFFFD');
    });

    it('goes on from its checkpoint after a restart and projects nothing twice', async () => {
      const first = await world.open();
      await first.projector.start();
      const entries = [opened('a0'), booked('a0', 1), opened('a1'), booked('a1', 2)];
      await world.write(entries);
      await allProjected(first);
      await world.closeAll();
      const later = [booked('a0', 4), booked('a1', 8)];
      await world.write(later);
      const second = await world.open();
      await second.projector.start();
      await allProjected(second);
      expect(await accountsOf(second)).toEqual(foldAccounts([...entries, ...later]));
      expect(second.fatal).toEqual([]);
    });

    it('G6: rows and checkpoint commit together: a transaction that fails at its checkpoint leaves no row', async () => {
      const side = await world.open();
      const { name } = accountsView;
      const { epoch } = await takeOwnership(side.store, name, TOPIC, 0, 0);
      const row = { id: 'a0', owner: 'x', total: 1, bookings: 0, tags: [], note: null };
      const commit = (from: number, to: number): Promise<void> =>
        side.store.commit(name, {
          keys: new Map(),
          fold: (_, seq) => ({ rows: [{ row, seq: seq + 1 }], deletes: [], marks: [], seq: seq + 1 }),
          moves: [{ topic: TOPIC, partition: 0, epoch, from, to, sequence: 1 }],
          also: [],
        });
      await expect(commit(7, 8)).rejects.toThrow(StaleOwner);
      expect(await accountsOf(side)).toEqual([]);
      expect(await readCheckpoints(side.store, name)).toMatchObject([{ offset: 0, sequence: 0 }]);
      await commit(0, 1);
      expect(await accountsOf(side)).toEqual([row]);
      expect(await readCheckpoints(side.store, name)).toMatchObject([{ offset: 1, sequence: 1 }]);
    });

    it('drops events that it has already projected', async () => {
      const side = await world.open();
      await side.projector.start();
      const record = world.writer.record(opened('a0'));
      await world.log.append([record]);
      await allProjected(side);
      await world.closeAll();
      await world.log.append([record, world.writer.record(booked('a0', 2))]);
      const later = await world.open();
      await later.projector.start();
      await allProjected(later);
      expect((await accountsOf(later))[0]?.total).toBe(3);
      expect(later.fatal).toEqual([]);
    });

    it('G8: waits for a write to be seen, and says when it cannot', async () => {
      const side = await world.open();
      const place = { topic: TOPIC, partition: 0, sequence: 2 };
      expect(await side.progress.waitFor(accountsView.name, place, 30)).toBe('behind');
      expect(await side.progress.waitFor(accountsView.name, { ...place, topic: 'other.events' }, 30)).toBe('unrelated');
      const waiting = side.progress.waitFor(accountsView.name, place, 10_000);
      await side.projector.start();
      await world.write([opened('a0'), booked('a0', 1)]);
      expect(await waiting).toBe('reached');
      expect((await accountsOf(side))[0]?.bookings).toBe(1);
    });

    it('reaches the end of its topics over records that are no data', async () => {
      const side = await world.open();
      await side.projector.start();
      await world.write([opened('a0')]);
      world.log.skip(TOPIC, 0, 3);
      await allProjected(side);
      await eventually(
        () => readCheckpoints(side.store, accountsView.name),
        (checkpoints) => checkpoints.some(({ partition, offset }) => partition === 0 && offset === 4),
      );
      await world.write([booked('a0', 1)]);
      await allProjected(side);
      expect((await accountsOf(side))[0]?.total).toBe(2);
      await eventually(
        () => side.projector.lag(),
        (lags) => lags.length === 4 && lags.every(({ behind }) => behind === 0),
      );
    });

    it('reaches the end when only records that are no data follow', async () => {
      const side = await world.open();
      await side.projector.start();
      for (let round = 0; round < 20; round++) {
        await world.write([booked('a0', 1)]);
        await side.progress.waitFor(accountsView.name, { topic: TOPIC, partition: 0, sequence: round + 1 }, 5_000);
        world.log.skip(TOPIC, 0, 1);
        expect(await side.progress.waitUntilEnd(accountsView.name, 5_000)).toBe('reached');
      }
    });

    it('G8: tells a waiting read at once in the process that projects', async () => {
      const side = await world.open();
      await side.projector.start();
      // Nobody looks at the database again: only the signal can end a wait.
      const looks = jest.spyOn(globalThis, 'setInterval').mockImplementation(() => setTimeout(() => undefined, 0));
      for (let sequence = 1; sequence <= 30; sequence++) {
        const waiting = side.progress.waitFor(entriesView.name, { topic: TOPIC, partition: 0, sequence }, 5_000);
        await world.write([booked('a0', 1)]);
        expect(await waiting).toBe('reached');
      }
      looks.mockRestore();
    });

    it('fills a table again when its definition has changed', async () => {
      const first = await world.open();
      await first.projector.start();
      await world.write([opened('a0'), booked('a0', 1)]);
      await allProjected(first);
      expect(first.store.view(accountsView.name).generation).toBe(1);
      await world.closeAll();
      const indexed = ledgerProjections.map((projection) => ({
        ...projection,
        table: { ...projection.table, indexes: [] },
      }));
      const second = await world.open(indexed);
      expect(second.store.view(accountsView.name).generation).toBe(2);
      expect(await accountsOf(second)).toEqual([]);
      await second.projector.start();
      await allProjected(second);
      expect((await accountsOf(second))[0]?.total).toBe(2);
    });

    it('deletes the rows that a view keeps for a time only', async () => {
      const [accounts] = ledgerProjections;
      if (accounts === undefined) throw new Error('no projection');
      const { stream: _, ...plain } = accounts;
      const side = await world.open([{ ...plain, retention: { column: 'bookings', ms: 10 } }]);
      await side.projector.start();
      await world.write([opened('a0'), opened('a1'), booked('a1', 1), booked('a1', 1), booked('a1', 1)]);
      await side.progress.waitUntilEnd(accounts.name, 5_000);
      await side.projector.housekeep(12);
      expect((await accountsOf(side)).map(({ id }) => id)).toEqual(['a1']);
      await world.write([booked('a0', 1), booked('a1', 1)]);
      await side.progress.waitUntilEnd(accounts.name, 5_000);
      expect((await accountsOf(side)).map(({ id, bookings }) => [id, bookings])).toEqual([['a1', 4]]);
    });
  });
}
