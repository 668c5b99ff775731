import { encodeEvent } from '../log/envelope';
import { MemoryLog } from '../log/testing/memory-log';
import { accountsView, entriesView, newerLedgerEvents } from './testing/ledger.fixture';
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

    it('stops at a record that cannot be read, says so, and goes on elsewhere', async () => {
      const side = await world.open();
      await side.projector.start();
      await world.write([opened('a0')]);
      await world.log.append([
        { topic: TOPIC, partition: 0, key: 'a0', value: 'no json', headers: { ce_type: 'Booked' } },
      ]);
      await world.write([opened('a1'), opened('a3')]);
      await eventually(
        () => accountsOf(side),
        ({ length }) => length === 3,
      );
      expect(side.projector.failures()).toContainEqual(
        expect.objectContaining({ view: accountsView.name, code: 'PROJECTION_FAILED', partition: 0 }),
      );
    });

    it('stops at an event whose fold throws, keeps what came before it, and goes on elsewhere', async () => {
      const [accounts] = ledgerProjections;
      if (accounts === undefined) throw new Error('no projection');
      const faulty = {
        ...accounts,
        read: (record: Parameters<typeof accounts.read>[0]) => {
          const projected = accounts.read(record);
          if (record.offset !== 2 || record.partition !== 0 || projected === undefined) return projected;
          const fail = (): never => {
            throw new Error('division by zero');
          };
          return { ...projected, changes: projected.changes.map(({ key }) => ({ key, update: fail })) };
        },
      };
      const side = await world.open([faulty]);
      await world.write([
        opened('a0'),
        booked('a0', 1),
        booked('a0', 1),
        booked('a0', 1),
        opened('a1'),
        booked('a1', 1),
      ]);
      await side.projector.start();
      const rows = await eventually(
        () => accountsOf(side),
        (list) => list.length === 2 && list.every(({ bookings }) => bookings === 1),
      );
      expect(rows.map(({ total }) => total)).toEqual([2, 2]);
      expect(side.projector.failures()).toEqual([
        expect.objectContaining({
          code: 'PROJECTION_FAILED',
          partition: 0,
          message: expect.stringContaining('ledger.events/0@2: division by zero'),
        }),
      ]);
    });

    it('finds the one event whose row the database refuses, and projects the others', async () => {
      const [, entries] = ledgerProjections;
      if (entries === undefined) throw new Error('no projection');
      const faulty = {
        ...entries,
        read: (record: Parameters<typeof entries.read>[0]) => {
          const projected = entries.read(record);
          if (record.offset !== 3 || record.partition !== 0 || projected === undefined) return projected;
          // The key of an earlier row: a log view inserts, so the database refuses.
          const taken = { id: 'a0', sequence: 1, place: 0, what: 'again' };
          return { ...projected, changes: [{ key: { place: 0, sequence: 1 }, update: () => taken }] };
        },
      };
      const side = await world.open([faulty]);
      await side.projector.start();
      await world.write([opened('a0')]);
      expect(await side.progress.waitFor(entriesView.name, { topic: TOPIC, partition: 0, sequence: 1 }, 5_000)).toBe(
        'reached',
      );
      await world.write([
        booked('a0', 1),
        booked('a0', 1),
        booked('a0', 1),
        booked('a0', 1),
        opened('a1'),
        booked('a1', 1),
      ]);
      const rows = await eventually(
        () => entriesOf(side),
        ({ length }) => length === 5,
      );
      expect(rows.filter(({ place }) => place === 0)).toHaveLength(3);
      await eventually(
        () => side.projector.failures(),
        (failures) => failures.some(({ code, message }) => code === 'PROJECTION_FAILED' && message.includes('/0@3')),
      );
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
