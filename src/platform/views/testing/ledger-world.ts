import { MemoryLog } from '../../log/testing/memory-log';
import type { Projection } from '../projection';
import type { ReadStore } from '../read-store.port';
import { accountsView, entriesView, LedgerWriter, type AccountRow, type LedgerEntry } from './ledger.fixture';
import { ledgerProjections, readingSide, type ReadingSide } from './reading-side';
import type { TestDatabase } from './stores';

export const TOPIC = 'ledger.events';
const PARTITIONS = 2;

export const opened = (id: string, amount = 1, owner = 'alice'): LedgerEntry => ({
  id,
  event: { type: 'Opened', data: { owner, amount } },
});

export const booked = (id: string, amount = 1, tags: string[] = []): LedgerEntry => ({
  id,
  event: { type: 'Booked', data: { amount, tags } },
});

/** A log, a database and the processes on them, new for every test of a suite. */
export class LedgerWorld {
  log = new MemoryLog('log-1', PARTITIONS);
  writer = new LedgerWriter(PARTITIONS);
  private made: TestDatabase | undefined;
  private sides: ReadingSide[] = [];

  /** Registers the set-up and the clean-up with the suite around. */
  constructor(makeDatabase: () => Promise<TestDatabase>) {
    beforeEach(async () => {
      this.log = new MemoryLog('log-1', PARTITIONS);
      this.writer = new LedgerWriter(PARTITIONS);
      this.made = await makeDatabase();
    });
    afterEach(async () => {
      await this.closeAll();
      await this.log.close();
      await this.made?.drop();
      this.made = undefined;
    });
  }

  get database(): TestDatabase {
    if (this.made === undefined) throw new Error('no test is running');
    return this.made;
  }

  /** One more process that knows these views. */
  async open(projections: readonly Projection[] = ledgerProjections): Promise<ReadingSide> {
    return this.openOn(await this.database.open(), projections);
  }

  async openOn(store: ReadStore, projections: readonly Projection[] = ledgerProjections): Promise<ReadingSide> {
    const side = await readingSide(this.log, store, projections);
    this.sides.push(side);
    return side;
  }

  async closeAll(): Promise<void> {
    for (const side of this.sides.splice(0)) await side.close();
  }

  write(entries: readonly LedgerEntry[]): Promise<void> {
    return this.log.append(entries.map((entry) => this.writer.record(entry)));
  }
}

/** What the accounts view must hold after these events: the plain fold (`+ 0`: JSON has no negative zero). */
export function foldAccounts(entries: readonly LedgerEntry[]): AccountRow[] {
  const rows = new Map<string, AccountRow>();
  for (const { id, event } of entries) {
    const row = rows.get(id);
    if (event.type === 'Opened') {
      rows.set(id, { id, owner: event.data.owner, total: event.data.amount + 0, bookings: 0, tags: [], note: null });
    } else if (event.type === 'Closed') rows.delete(id);
    else if (row !== undefined && event.type === 'HandedOver') rows.set(id, { ...row, owner: event.data.owner });
    else if (row !== undefined && event.type === 'Booked') {
      const { amount, tags } = event.data;
      rows.set(id, { ...row, total: row.total + amount + 0, bookings: row.bookings + 1, tags, note: 'booked' });
    }
  }
  return [...rows.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
}

export const accountsOf = (side: ReadingSide): Promise<AccountRow[]> =>
  side.store
    .from(accountsView.table)
    .select(['id', 'owner', 'total', 'bookings', 'tags', 'note'])
    .orderBy('id')
    .execute();

export const entriesOf = (side: ReadingSide): Promise<{ sequence: number; place: number }[]> =>
  side.store.from(entriesView.table).select(['sequence', 'place']).orderBy('place').orderBy('sequence').execute();

export async function allProjected(side: ReadingSide): Promise<void> {
  for (const { name } of ledgerProjections) {
    expect(await side.progress.waitUntilEnd(name, 10_000)).toBe('reached');
  }
}
