import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysStoreContract, SECRETS } from './keys-store.contract';
import { glanceAtSqliteKeys, SqliteKeys } from './sqlite-keys';

async function site() {
  const directory = mkdtempSync(join(tmpdir(), 'keys-'));
  return {
    directory,
    open: () => SqliteKeys.open(directory, SECRETS),
    glance: () => Promise.resolve(glanceAtSqliteKeys(directory)),
    remove: () => Promise.resolve(rmSync(directory, { recursive: true })),
  };
}

keysStoreContract('SQLite', site);

describe('The file of the keys', () => {
  it('holds no byte of a key that was destroyed (G11)', async () => {
    const { directory, open, remove } = await site();
    const store = await open();
    const keys = Array.from({ length: 300 }, (_, at) => ({
      person: `p${at}`,
      kek: 'kek',
      wrapped: Buffer.from(`wrapped key of person number ${at}, and nobody else's`),
    }));
    await store.add(keys);
    const isOnDisk = (text: string): boolean =>
      readdirSync(directory).some((name) => readFileSync(join(directory, name)).includes(text));
    const told = keys.map(({ wrapped }) => wrapped.toString());
    expect(told.filter(isOnDisk)).toHaveLength(300);
    await store.destroy(
      keys.slice(0, 299).map(({ person }) => person),
      1,
    );

    expect(told.filter(isOnDisk)).toEqual([told[299]]);
    await store.close();
    await remove();
  });

  it('is not made by a glance', () => {
    const directory = mkdtempSync(join(tmpdir(), 'keys-'));
    expect(glanceAtSqliteKeys(directory)).toEqual({ hasKeys: false, keks: [] });
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});
