import { readDeadLetter } from '../../log/dead-letter';
import type { LogRecord } from '../../log/log.port';
import { readRange } from '../../log/read-range';
import { UnknownDeadLetter } from '../../operations/operations.port';
import type { Projection } from '../projection';
import { StoredViewOperations } from '../rebuild/view-operations';
import { accountsView, entriesView, type LedgerEntry } from '../testing/ledger.fixture';
import { accountsOf, booked, entriesOf, foldAccounts, LedgerWorld, opened, TOPIC } from '../testing/ledger-world';
import { eventually, ledgerProjections, type ReadingSide } from '../testing/reading-side';
import type { TestDatabase } from '../testing/stores';
import { ParkedEvents } from './parked-events';

const [accounts, entries] = ledgerProjections;
if (accounts === undefined || entries === undefined) throw new Error('no projection');

/** A view with a fault that can be mended: it cannot fold the records at these offsets of partition 0. */
function faulty(projection: Projection, offsets: Set<number>): Projection {
  return {
    ...projection,
    read: (record) => {
      const projected = projection.read(record);
      if (!offsets.has(record.offset) || record.partition !== 0 || projected === undefined) return projected;
      const fail = (): never => {
        throw new Error('division by zero');
      };
      return { ...projected, changes: projected.changes.map(({ key }) => ({ key, update: fail })) };
    },
  };
}

/** What becomes of events that a view cannot take, whatever the database. */
export function parkingContract(name: string, makeDatabase: () => Promise<TestDatabase>): void {
  describe(`dead letters of views on ${name}`, () => {
    const world = new LedgerWorld(makeDatabase);
    let faults: Set<number>;
    beforeEach(() => {
      faults = new Set();
    });

    async function running(projection: Projection = faulty(accounts as Projection, faults)): Promise<ReadingSide> {
      const side = await world.open([projection]);
      await side.projector.start();
      return side;
    }

    async function atEnd(side: ReadingSide): Promise<void> {
      expect(await side.progress.waitUntilEnd(accountsView.name, 10_000)).toBe('reached');
    }

    async function settled(side: ReadingSide): Promise<void> {
      await eventually(
        () => parked(side).list(),
        ({ length }) => length === 0,
      );
      await atEnd(side);
    }

    it('G9: parks a record that cannot be read, with what follows of its key, and goes on with all others', async () => {
      const side = await running();
      await world.write([opened('a0')]);
      const broken = { topic: TOPIC, partition: 0, key: 'a0', value: 'no json', headers: { ce_type: 'Booked' } };
      await world.log.append([broken]);
      await world.write([booked('a0', 5), opened('a2'), booked('a2', 7), opened('a3')]);
      await atEnd(side);
      expect((await accountsOf(side)).map(({ id, total }) => [id, total])).toEqual([
        ['a0', 1],
        ['a2', 8],
        ['a3', 1],
      ]);
      expect(await parked(side).list()).toEqual([
        {
          id: 'ledger.accounts:ledger.events:0:1',
          consumer: 'ledger.accounts',
          topic: TOPIC,
          partition: 0,
          offset: 1,
          key: 'a0',
          cause: expect.stringContaining('header schema-version is missing'),
          parkedAt: expect.stringMatching(/^\d{4}-.*Z$/),
          behind: 1,
        },
      ]);
      expect(await parked(side).show('ledger.accounts:ledger.events:0:1')).toMatchObject({
        value: 'no json',
        behind: 1,
      });
      expect(side.projector.failures()).toEqual([]);
      expect(side.projector.isReady).toBe(true);
    });

    it('leaves a copy with cause and origin in the topic of dead letters', async () => {
      const side = await running();
      faults.add(1);
      await world.write([opened('a0'), booked('a0', 1)]);
      await atEnd(side);
      const [letter] = await recordsOf(world, `${TOPIC}.dead-letters`);
      expect(letter).toMatchObject({ key: 'a0', value: '{"amount":1,"tags":[]}' });
      expect(letter && readDeadLetter(letter)).toEqual({
        id: 'ledger.accounts:ledger.events:0:1',
        cause: 'division by zero',
        isSettled: false,
      });
    });

    it('keeps what came before an event whose fold throws, and parks those of its key that wait already', async () => {
      faults.add(2);
      const written = [opened('a0'), booked('a0', 1), booked('a0', 1), booked('a0', 1), opened('a2'), booked('a2', 1)];
      await world.write(written);
      const side = await running();
      await atEnd(side);
      expect((await accountsOf(side)).map(({ total }) => total)).toEqual([2, 2]);
      expect(await parked(side).list()).toMatchObject([{ offset: 2, cause: 'division by zero', behind: 1 }]);
    });

    it('finds the one event whose row the database refuses', async () => {
      const taken = { id: 'a0', sequence: 1, place: 0, what: 'again' };
      const side = await world.open([
        {
          ...(entries as Projection),
          read: (record) => {
            const projected = (entries as Projection).read(record);
            if (record.offset !== 3 || record.partition !== 0 || projected === undefined) return projected;
            return { ...projected, changes: [{ key: { place: 0, sequence: 1 }, update: () => taken }] };
          },
        },
      ]);
      await side.projector.start();
      await world.write([opened('a0')]);
      const first = { topic: TOPIC, partition: 0, sequence: 1 };
      expect(await side.progress.waitFor(entriesView.name, first, 5_000)).toBe('reached');
      await world.write([...Array.from({ length: 4 }, () => booked('a0', 1)), opened('a2'), opened('a1')]);
      expect(await side.progress.waitUntilEnd(entriesView.name, 10_000)).toBe('reached');
      expect((await entriesOf(side)).map(({ place, sequence }) => `${place}/${sequence}`)).toEqual([
        '0/1',
        '0/2',
        '0/3',
        '0/6',
        '1/1',
      ]);
      expect(await parked(side).list()).toMatchObject([{ offset: 3, behind: 1 }]);
    });

    it('G8: tells a reader who waits for a parked event that it is parked', async () => {
      faults.add(1);
      const side = await running();
      await world.write([opened('a0'), booked('a0', 1), booked('a0', 1), opened('a2')]);
      await atEnd(side);
      const wait = (sequence: number, reader: ReadingSide): Promise<string> =>
        reader.progress.waitFor(accountsView.name, { topic: TOPIC, partition: 0, sequence }, 5_000);
      const elsewhere = await world.open([accounts as Projection]);
      for (const reader of [side, elsewhere]) {
        const seen = [await wait(1, reader), await wait(2, reader), await wait(3, reader), await wait(4, reader)];
        expect(seen).toEqual(['reached', 'parked', 'parked', 'reached']);
      }
    });

    it('goes on parking behind a parked event after a restart', async () => {
      faults.add(1);
      await world.write([opened('a0'), booked('a0', 1)]);
      await atEnd(await running());
      await world.closeAll();
      const second = await running();
      await world.write([booked('a0', 1), opened('a2')]);
      await atEnd(second);
      expect(await parked(second).list()).toMatchObject([{ offset: 1, behind: 1 }]);
      expect((await accountsOf(second)).map(({ id, total }) => [id, total])).toEqual([
        ['a0', 1],
        ['a2', 1],
      ]);
    });

    it('takes a record that is retried after the fault was mended, and then what waited behind it, in order', async () => {
      faults.add(2);
      const side = await running();
      const written: LedgerEntry[] = [opened('a0', 1), booked('a0', 2), booked('a0', 3, ['x'])];
      written.push(...Array.from({ length: 1_200 }, (_, index) => booked('a0', index / 3, [`tag ${index}`])));
      await world.write(written);
      await atEnd(side);
      expect(await parked(side).list()).toMatchObject([{ behind: 1_200 }]);
      faults.clear();
      await parked(side).retry('ledger.accounts:ledger.events:0:2');
      const more = [booked('a0', 10), opened('a2'), booked('a0', 20)];
      for (const one of more) await world.write([one]);
      await settled(side);
      expect(await accountsOf(side)).toEqual(foldAccounts([...written, ...more]));
    });

    it('parks a record again that still cannot be taken, with all that is behind it', async () => {
      faults.add(1);
      const side = await running();
      await world.write([opened('a0', 1), booked('a0', 2), booked('a0', 4), booked('a0', 8)]);
      await atEnd(side);
      faults.clear();
      faults.add(2);
      await parked(side).retry('ledger.accounts:ledger.events:0:1');
      const [again] = await eventually(
        () => parked(side).list(),
        (list) => list[0]?.offset === 2,
      );
      expect(again).toMatchObject({ cause: 'division by zero', behind: 1 });
      expect((await accountsOf(side))[0]?.total).toBe(3);
      await world.write([booked('a0', 16)]);
      await atEnd(side);
      expect(await parked(side).list()).toMatchObject([{ behind: 2 }]);
    });

    it('lets what is behind a dropped record go on without it', async () => {
      faults.add(1);
      const side = await running();
      const written = [opened('a0', 1), booked('a0', 2), booked('a0', 4), booked('a0', 8)];
      await world.write(written);
      await atEnd(side);
      await parked(side).drop('ledger.accounts:ledger.events:0:1');
      await settled(side);
      expect(await accountsOf(side)).toEqual(foldAccounts(written.filter((_, index) => index !== 1)));
      const more = booked('a0', 16);
      await world.write([more]);
      await atEnd(side);
      expect((await accountsOf(side))[0]?.total).toBe(29);
    });

    it('does what another process asks for, and knows only what is parked', async () => {
      faults.add(1);
      const side = await running();
      await world.write([opened('a0', 1), booked('a0', 2)]);
      await atEnd(side);
      const asking = new ParkedEvents((await world.open([accounts as Projection])).store);
      await expect(asking.retry('ledger.accounts:ledger.events:0:0')).rejects.toBeInstanceOf(UnknownDeadLetter);
      await expect(asking.drop('nonsense')).rejects.toBeInstanceOf(UnknownDeadLetter);
      expect(await asking.show('ledger.accounts:ledger.events:0:0')).toBeUndefined();
      faults.clear();
      await asking.retry('ledger.accounts:ledger.events:0:1');
      await settled(side);
      expect((await accountsOf(side))[0]?.total).toBe(3);
    });

    it('G6: begins a rebuild without what is parked', async () => {
      faults.add(1);
      const side = await running();
      const written = [opened('a0', 1), booked('a0', 2), booked('a0', 4), opened('a2')];
      await world.write(written);
      await atEnd(side);
      faults.clear();
      const asked = (): void => void side.projector.lookForRequests();
      await new StoredViewOperations(side.log, side.store, [accounts as Projection], asked).rebuild(accountsView.name);
      await settled(side);
      expect(await accountsOf(side)).toEqual(foldAccounts(written));
      const more = [booked('a0', 8), booked('a2', 1)];
      await world.write(more);
      await atEnd(side);
      expect(await accountsOf(side)).toEqual(foldAccounts([...written, ...more]));
      expect(await parked(side).list()).toEqual([]);
    });

    it('parks records of every kind that nobody can read, and goes on', async () => {
      const side = await running();
      const poison = [null, '', '[', 'null', '{}', '[]', '"text"', '['.repeat(50_000), `"${'x'.repeat(1_000_000)}"`];
      for (const [index, value] of poison.entries()) {
        const record = world.writer.record(booked(`p${index}0`, 1));
        await world.log.append([{ ...record, value }]);
      }
      await world.log.append([{ topic: TOPIC, partition: 0, key: null, value: '{}', headers: {} }]);
      const unknown = world.writer.record(booked('q0', 1));
      await world.log.append([{ ...unknown, headers: { ...unknown.headers, ce_type: 'Unheard' } }]);
      await world.write([opened('a0', 3), opened('a1', 4)]);
      await atEnd(side);
      expect((await accountsOf(side)).map(({ total }) => total)).toEqual([3, 4]);
      expect(await parked(side).list()).toHaveLength(poison.length + 2);
      expect(side.fatal).toEqual([]);
    });
  });
}

function parked({ store, projector }: ReadingSide): ParkedEvents {
  return new ParkedEvents(store, () => void projector.lookForRequests());
}

async function recordsOf({ log }: LedgerWorld, topic: string): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let partition = 0; partition < log.partitions(topic); partition++) {
    const { start, end } = await log.bounds(topic, partition);
    for await (const records of readRange(log, topic, partition, start, end)) found.push(...records);
  }
  return found;
}
