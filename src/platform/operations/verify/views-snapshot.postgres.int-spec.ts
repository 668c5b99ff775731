import { setTimeout as sleep } from 'node:timers/promises';
import { postgresDatabase, postgresServer } from '../../views/testing/stores';
import { withViewsSnapshot } from './views-snapshot';

/** A little more than a transaction of the views may do nothing. */
const FOLDING_MS = 5_500;

describe('a snapshot of the views on PostgreSQL', () => {
  it('is held while the log is folded, however long that takes', async () => {
    const database = await postgresDatabase(postgresServer());
    try {
      const store = await database.open();
      await store.prepare('log-1', []);
      await store.close();
      const read = await withViewsSnapshot({ dataDir: '', databaseUrl: database.url }, async (snapshot) => {
        const before = await snapshot.selectFrom('checkpoints').selectAll().execute();
        await sleep(FOLDING_MS);
        return [before, await snapshot.selectFrom('checkpoints').selectAll().execute()];
      });
      expect(read).toEqual([[], []]);
    } finally {
      await database.drop();
    }
  }, 20_000);
});
