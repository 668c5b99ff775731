import { LookUp } from './look-up';
import { ReadModels } from './read-models';
import { accountsView, entriesView } from './testing/ledger.fixture';
import { allProjected, LedgerWorld, opened } from './testing/ledger-world';
import type { ReadingSide } from './testing/reading-side';
import { postgresDatabase, postgresServer, sqliteDatabase } from './testing/stores';

describe.each([
  ['SQLite', sqliteDatabase],
  ['PostgreSQL', () => postgresDatabase(postgresServer())],
] as const)('looking facts up on %s', (_name, makeDatabase) => {
  const world = new LedgerWorld(makeDatabase);
  const ids = Array.from({ length: 500 }, (_, index) => `account-${index}`);

  async function projected(): Promise<ReadingSide> {
    const side = await world.open();
    await side.projector.start();
    await world.write(ids.map((id, index) => opened(id, index)));
    await allProjected(side);
    return side;
  }

  it('gives everybody the row asked for, in however many queries', async () => {
    const { store, progress } = await projected();
    const queries = jest.spyOn(store, 'from');
    const facts = new LookUp(new ReadModels(store), progress);
    const asked = [...ids.toReversed(), 'nobody', ...ids.slice(0, 3), "'; --"];

    const found = await Promise.all(asked.map((id) => facts.find(accountsView, id)));

    expect(found.map((row) => row?.id)).toEqual(asked.map((id) => (ids.includes(id) ? id : undefined)));
    expect(found[0]).toMatchObject({ owner: 'alice', total: 499 });
    expect(queries.mock.calls.length).toBeLessThan(10);
  });

  it('sees what was written since it was asked last', async () => {
    const { store, progress } = await projected();
    const facts = new LookUp(new ReadModels(store), progress);
    expect(await facts.find(accountsView, 'late-1')).toBeUndefined();

    await world.write([
      opened('late-1', 7),
      { id: 'account-1', event: { type: 'HandedOver', data: { owner: 'bob' } } },
    ]);

    expect(await facts.find(accountsView, 'late-1')).toMatchObject({ total: 7 });
    expect(await facts.find(accountsView, 'account-1')).toMatchObject({ owner: 'bob' });
  });

  it('refuses a view whose key is not one column', async () => {
    const { store, progress } = await projected();
    const facts = new LookUp(new ReadModels(store), progress);
    await expect(facts.find(entriesView, 'account-1')).rejects.toThrow(/not one column/);
  });
});
