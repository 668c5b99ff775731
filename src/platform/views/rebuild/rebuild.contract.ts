import type { PersonalIndex } from '../../../kernel/personal-data';
import type { RecordedEvent } from '../../../kernel/event-contract';
import { decodeEvent } from '../../log/envelope';
import { NoRebuild, RebuildRunning, UnknownView, type ViewStatus } from '../../operations/operations.port';
import { accountsView, entriesView, type LedgerEntry, type LedgerEvent } from '../testing/ledger.fixture';
import {
  accountsOf,
  allProjected,
  booked,
  entriesOf,
  foldAccounts,
  LedgerWorld,
  opened,
} from '../testing/ledger-world';
import { eventually, ledgerProjections, type ReadingSide } from '../testing/reading-side';
import type { TestDatabase } from '../testing/stores';
import { closed, handedOver } from '../testing/stream-world';
import { projectionOf } from '../projection';
import { readCheckpoints } from '../view-reads';
import { refillIndexed } from '../view-tables';
import { RowsRefused } from '../views.errors';
import { allRebuilds } from './rebuild-tables';
import { StoredViewOperations } from './view-operations';

/** What a rebuild promises, whatever the database. */
export function rebuildContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`a rebuild on ${name}`, () => {
    const world = new LedgerWorld(makeDatabase);

    it('G6: gives a new generation that equals the live one row by row, while events keep coming', async () => {
      const side = await world.open();
      await side.projector.start();
      const written = history(200);
      await world.write(written);
      await allProjected(side);
      const operations = operationsOf(side);
      await operations.rebuild(accountsView.name);
      await operations.rebuild(entriesView.name);
      let round = 0;
      while ((await allRebuilds(side.store.db)).length > 0) {
        const more = [booked(`a${round % 7}`, ++round), opened(`b${round}`, round)];
        written.push(...more);
        await world.write(more);
        await allProjected(side);
        expect(await accountsOf(side)).toEqual(foldAccounts(written));
      }
      await allProjected(side);
      expect(await accountsOf(side)).toEqual(foldAccounts(written));
      expect(await entriesOf(side)).toHaveLength(written.length);
      expect(await generations(side)).toEqual([2, 2]);
      expect(side.fatal).toEqual([]);
      expect(side.reports).toEqual([]);
      const more = [booked('a1', 9), closed('a2')];
      await world.write(more);
      await allProjected(side);
      expect(await accountsOf(side)).toEqual(foldAccounts([...written, ...more]));
    });

    it('replaces rows that no event explains', async () => {
      const side = await world.open();
      await side.projector.start();
      const written = history(20);
      await world.write(written);
      await allProjected(side);
      await side.store.transact((db) =>
        db
          .updateTable('ledger_accounts' as never)
          .set({ total: 1e6 } as never)
          .execute(),
      );
      expect((await accountsOf(side))[0]?.total).toBe(1e6);
      await operationsOf(side).rebuild(accountsView.name);
      await swapped(side, accountsView.name);
      expect(await accountsOf(side)).toEqual(foldAccounts(written));
      const more = [booked('a1', 2)];
      await world.write(more);
      await allProjected(side);
      expect(await accountsOf(side)).toEqual(foldAccounts([...written, ...more]));
    });

    it('goes on where it was after the process has died, and is not begun twice', async () => {
      const first = await world.open();
      const written = history(100);
      await world.write(written);
      const operations = operationsOf(first);
      await operations.rebuild(accountsView.name);
      await expect(operations.rebuild(accountsView.name)).rejects.toBeInstanceOf(RebuildRunning);
      expect((await statusOf(first, accountsView.name))?.status).toBe('rebuilding');
      await world.closeAll();
      const second = await world.open();
      await second.projector.start();
      await swapped(second, accountsView.name);
      await allProjected(second);
      expect(await accountsOf(second)).toEqual(foldAccounts(written));
    });

    it('lets only one of two who ask at once begin', async () => {
      const sides = [await world.open(), await world.open()];
      await world.write(history(10));
      const asked = await Promise.allSettled(sides.map((side) => operationsOf(side).rebuild(accountsView.name)));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(asked.map((one) => (one.status === 'rejected' ? one.reason : undefined))).toContainEqual(
        expect.any(RebuildRunning),
      );
    });

    it('does not swap before it is level with the live view', async () => {
      const side = await world.open();
      await world.write(history(50));
      await side.projector.start();
      await allProjected(side);
      world.log.holdReaders(true);
      await operationsOf(side).rebuild(accountsView.name);
      await side.projector.lookForRequests();
      await side.projector.lookForRequests();
      expect(await statusOf(side, accountsView.name)).toMatchObject({ status: 'rebuilding', generation: 1 });
      expect(await accountsOf(side)).toEqual(foldAccounts(history(50)));
      world.log.holdReaders(false);
      await swapped(side, accountsView.name);
    });

    it('can be aborted, and leaves the live view and nothing else', async () => {
      const side = await world.open();
      await world.write(history(30));
      await side.projector.start();
      await allProjected(side);
      world.log.holdReaders(true);
      const operations = operationsOf(side);
      await operations.rebuild(accountsView.name);
      await side.projector.lookForRequests();
      await operations.abort(accountsView.name);
      await expect(operations.abort(accountsView.name)).rejects.toBeInstanceOf(NoRebuild);
      world.log.holdReaders(false);
      const more = [booked('a1', 5)];
      await world.write(more);
      await allProjected(side);
      expect(await accountsOf(side)).toEqual(foldAccounts([...history(30), ...more]));
      await eventually(
        () => readCheckpoints(side.store, `${accountsView.name}@2`),
        ({ length }) => length === 0,
      );
      expect(await generations(side)).toEqual([1, 1]);
      await operations.rebuild(accountsView.name);
      await swapped(side, accountsView.name);
      expect(await accountsOf(side)).toEqual(foldAccounts([...history(30), ...more]));
      expect(side.fatal).toEqual([]);
    });

    it('is begun again when its group could not be joined', async () => {
      const side = await world.open();
      await side.projector.start();
      await world.write(history(30));
      await allProjected(side);
      const join = jest.spyOn(world.log, 'join').mockRejectedValueOnce(new Error('no coordinator'));
      await operationsOf(side).rebuild(accountsView.name);
      await swapped(side, accountsView.name);
      expect(join).toHaveBeenCalledTimes(2);
      expect(side.reports).toEqual(['rebuilds of views wait: no coordinator']);
      expect(await accountsOf(side)).toEqual(foldAccounts(history(30)));
    });

    it('G6: gives a log view its indexes when it is full, and no second row to an event that repeats a key', async () => {
      const side = await world.open([repeatingEntries]);
      await side.projector.start();
      const { name } = repeatingEntries;
      // More than one transaction lies between the row and the event that repeats its key.
      const written = Array.from({ length: 17_000 }, (_, index) => (index === 0 ? opened('a1') : booked('a1')));
      await world.write(written);
      expect(await side.progress.waitUntilEnd(name, 20_000)).toBe('reached');
      await world.write([closed('b1'), booked('c1')]);
      await eventually(
        async () => (await entriesOf(side)).length,
        (length) => length === written.length + 1,
      );
      const projected = await entriesOf(side);

      await new StoredViewOperations(side.log, side.store, [repeatingEntries]).rebuild(name);
      await eventually(
        () => side.store.db.selectFrom('view_tables').select('generation').executeTakeFirst(),
        (table) => table?.generation === 2,
      );

      expect(await entriesOf(side)).toEqual(projected);
      const parked = await side.store.db.selectFrom('parked_records').select(['view', 'record_key']).execute();
      expect(parked).toEqual([{ view: name, record_key: 'b1' }]);
      const first = projected.at(0);
      const again = side.store.db.insertInto('ledger_entries' as never).values({ ...first, seq: 99_999 } as never);
      await expect(side.store.writeAll([again])).rejects.toBeInstanceOf(RowsRefused);
      expect(side.fatal).toEqual([]);
    }, 60_000);

    it('begins nothing anew that was aborted meanwhile', async () => {
      const side = await world.open();
      const operations = operationsOf(side);
      const entries = ledgerProjections.find(({ name }) => name === entriesView.name)!;
      await operations.rebuild(entries.name);
      await operations.abort(entries.name);
      await side.store.transact((db) => refillIndexed(db, side.store.kind, entries, 2));
      await operations.rebuild(entries.name);
      expect((await statusOf(side, entries.name))?.status).toBe('rebuilding');
    });

    it('is done by another process when asked of one that is no projector', async () => {
      const asking = await world.open();
      const working = await world.open();
      await working.projector.start();
      await world.write(history(30));
      await allProjected(working);
      await operationsOf(asking).rebuild(accountsView.name);
      await swapped(asking, accountsView.name);
      expect(await accountsOf(asking)).toEqual(foldAccounts(history(30)));
    });

    it('knows no other views', async () => {
      const side = await world.open();
      const operations = operationsOf(side);
      await expect(operations.rebuild('ledger.none')).rejects.toBeInstanceOf(UnknownView);
      await expect(operations.abort('ledger.none')).rejects.toBeInstanceOf(UnknownView);
      expect((await operations.list()).map((view) => view.name)).toEqual(ledgerProjections.map((view) => view.name));
    });
  });
}

/** A log view with a fault: it gives the row of a closing the key of the first one. */
const repeatingEntries = projectionOf(
  {
    ...entriesView,
    project: (event: RecordedEvent<LedgerEvent>, index: PersonalIndex) =>
      entriesView.project(event.type === 'Closed' ? { ...event, sequence: 1 } : event, index),
  },
  decodeEvent,
);

function operationsOf(side: ReadingSide): StoredViewOperations {
  return new StoredViewOperations(side.log, side.store, ledgerProjections, () => void side.projector.lookForRequests());
}

async function statusOf(side: ReadingSide, view: string): Promise<ViewStatus | undefined> {
  return (await operationsOf(side).list()).find((one) => one.name === view);
}

async function generations(side: ReadingSide): Promise<number[]> {
  return (await operationsOf(side).list()).map(({ generation }) => generation);
}

async function swapped(side: ReadingSide, view: string): Promise<void> {
  await eventually(
    () => statusOf(side, view),
    (status) => status?.status === 'live' && status.generation === 2,
  );
}

/** The same events each time. */
function history(count: number): LedgerEntry[] {
  return Array.from({ length: count }, (_, index): LedgerEntry => {
    const id = `a${index % 7}`;
    if (index < 7) return opened(id, index);
    if (index % 11 === 0) return closed(id);
    if (index % 11 === 1) return opened(id, index);
    return index % 5 === 0 ? handedOver(id, `owner ${index}`) : booked(id, index / 3, [`tag ${index}`]);
  });
}
