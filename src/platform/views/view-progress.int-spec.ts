import type { Log } from '../log/log.port';
import { ledgerProjections } from './testing/reading-side';
import { sqliteDatabase } from './testing/stores';
import { ViewProgress } from './view-progress';
import { ViewSignals } from './view-signals';

const [accounts] = ledgerProjections;

describe('A view at the end of its topics', () => {
  it('has seen what is written, and not only what is in sight: a commit is answered before readers see it', async () => {
    if (accounts === undefined) throw new Error('there are views');
    const [topic = ''] = accounts.topics;
    const log: Pick<Log, 'bounds' | 'partitions'> = {
      partitions: () => 1,
      bounds: async (_topic, _partition, sight) => ({ start: 0, end: sight === 'written' ? 2 : 1 }),
    };
    const database = await sqliteDatabase();
    const store = await database.open();
    await store.prepare('log-1', ledgerProjections);
    const progress = new ViewProgress(log, store, new ViewSignals(), ledgerProjections);
    progress.advance(accounts.name, topic, 0, { offset: 1, sequence: 1, hasParked: false });
    expect(await progress.waitUntilEnd(accounts.name, 50)).toBe('behind');
    progress.advance(accounts.name, topic, 0, { offset: 2, sequence: 1, hasParked: false });
    expect(await progress.waitUntilEnd(accounts.name, 50)).toBe('reached');

    progress.close();
    await store.close();
    await database.drop();
  });
});
