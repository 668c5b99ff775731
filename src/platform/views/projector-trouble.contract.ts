import { encodeEvent } from '../log/envelope';
import { MemoryLog } from '../log/testing/memory-log';
import { accountsView, newerLedgerEvents } from './testing/ledger.fixture';
import { accountsOf, allProjected, booked, foldAccounts, LedgerWorld, opened, TOPIC } from './testing/ledger-world';
import { eventually, ledgerProjections } from './testing/reading-side';
import type { TestDatabase } from './testing/stores';
import { takeOwnership } from './view-reads';
import { ViewsForeign, ViewsUnavailable } from './views.errors';

/** What the projector does when something is wrong, whatever the database. */
export function projectorTroubleContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`the projector in trouble, on ${name}`, () => {
    const world = new LedgerWorld(makeDatabase);

    it('G6: the write of a stale owner changes nothing, and the new owner goes on', async () => {
      const stale = await world.open();
      await stale.projector.start();
      await world.write([opened('a0', 1), opened('a1', 1)]);
      await allProjected(stale);
      const epochs = await Promise.all(
        [0, 1].map((partition) => takeOwnership(stale.store, accountsView.name, TOPIC, partition, 0)),
      );
      expect(epochs.every(({ epoch }) => epoch === 2)).toBe(true);
      await world.write([booked('a0', 5), booked('a1', 5)]);
      await eventually(
        () => stale.reports.filter((report) => report.includes('has lost')),
        (reports) => reports.length === 2,
      );
      expect((await accountsOf(stale)).map(({ total }) => total)).toEqual([1, 1]);
      const fresh = await world.open();
      await fresh.projector.start();
      await allProjected(fresh);
      expect((await accountsOf(fresh)).map(({ total }) => total)).toEqual([6, 6]);
      expect([...stale.fatal, ...fresh.fatal]).toEqual([]);
    });

    it('G6: projects nothing twice when the answer of a commit is lost', async () => {
      const store = await world.database.open();
      const commit = store.commit.bind(store);
      let commits = 0;
      store.commit = async (...args) => {
        await commit(...args);
        if (++commits % 2 === 1) throw new ViewsUnavailable('the answer is lost');
      };
      const side = await world.openOn(store);
      await side.projector.start();
      const entries = [opened('a0'), opened('a1'), ...Array.from({ length: 10 }, () => booked('a0', 1))];
      for (const entry of entries) {
        await world.write([entry]);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await allProjected(side);
      expect(commits).toBeGreaterThan(1);
      expect(await accountsOf(side)).toEqual(foldAccounts(entries));
      await eventually(
        () => side.projector.lag(),
        (lags) => lags.every(({ behind }) => behind === 0),
      );
      expect(side.projector.failures()).toEqual([]);
      expect(side.fatal).toEqual([]);
    });

    it('stops for good when the sequence has a gap', async () => {
      const side = await world.open();
      await side.projector.start();
      await world.write([opened('a0')]);
      world.writer.record(booked('a0', 1));
      await world.write([booked('a0', 2)]);
      await eventually(
        () => side.fatal.map(({ message }) => message),
        (messages) => messages.some((message) => message.includes('sequence 3 at offset 1 instead of 2')),
      );
      const [row] = await eventually(
        () => accountsOf(side),
        ({ length }) => length > 0,
      );
      expect(row?.total).toBe(1);
    });

    it('pauses the partition at an event of a newer schema, and no other', async () => {
      const side = await world.open();
      await side.projector.start();
      const data = { cents: 1 };
      const metadata = { commandId: 'c', identity: 'anonymous', correlationId: 'c', receivedAt: 1 };
      const place = { topic: TOPIC, partition: 0, source: '/ledger', index: 0, version: 2, sequence: 2 };
      await world.write([opened('a0')]);
      const newer = { ...place, schemaVersion: newerLedgerEvents.version('Booked') };
      await world.log.append([encodeEvent({ type: 'Booked', data }, 'a0', metadata, newer)]);
      await world.write([opened('a1')]);
      const failures = await eventually(
        () => side.projector.failures(),
        (list) => list.length === ledgerProjections.length,
      );
      expect(failures).toEqual(
        ledgerProjections.map(({ name: view }) =>
          expect.objectContaining({ view, partition: 0, topic: TOPIC, code: 'NEWER_SCHEMA' }),
        ),
      );
      expect(side.projector.isReady).toBe(false);
      const rows = await eventually(
        () => accountsOf(side),
        ({ length }) => length === 2,
      );
      expect(rows.map(({ id }) => id)).toEqual(['a0', 'a1']);
    });

    it('refuses the views of another log', async () => {
      await world.open();
      const other = new MemoryLog('log-2');
      const store = await world.database.open();
      await expect(store.prepare(other.id, ledgerProjections)).rejects.toThrow(ViewsForeign);
      await store.close();
    });
  });
}
