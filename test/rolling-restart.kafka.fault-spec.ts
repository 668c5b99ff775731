import { join } from 'node:path';
import { Balancer } from './support/balancer.ts';
import { CalculatorLoad } from './support/calculator-load.ts';
import { checkEffects } from './support/effects.ts';
import { eventually } from './support/eventually.ts';
import { LedgerOfAttempts } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { WatchedValue } from './support/watched-value.ts';

const restarts = faultCount({ small: 1, full: 200 });
const within = 30_000;

describeModes(
  'two processes behind a balancer',
  ({ newSite }) => {
    it(`fail no request while they are restarted in turn, and lose no change of a stream: ${restarts} restarts`, async () => {
      const random = SeededRandom.announce('rolling restarts');
      const site = await newSite();
      const apps = await Promise.all([site.start({ DATA_DIR: join(site.directory, 'one') }), site.start()]);
      const balancer = await Balancer.start(apps.map(({ url }) => url));
      const ledger = new LedgerOfAttempts();
      const load = CalculatorLoad.start([balancer.url], ledger, random);
      const watched = await WatchedValue.start(balancer.url);
      try {
        await answering(balancer, 100);
        for (let restart = 0; restart < restarts; restart++) {
          const index = restart % apps.length;
          const app = apps[index];
          expect({ restart, exit: await app?.terminate() }).toEqual({ restart, exit: { code: 0, signal: null } });
          await answering(balancer, 50, 1 - index);
          await app?.restart();
          await eventually(() => balancer.isUp(index), { within });
          await answering(balancer, 50);
          expect({ restart, failures: balancer.failures }).toEqual({ restart, failures: [] });
        }
      } finally {
        await Promise.all([load.stop(), watched.stop()]);
        await balancer.close();
      }
      const { losses, complaints } = ledger;
      expect({ failures: balancer.failures, losses, complaints }).toEqual({ failures: [], losses: {}, complaints: [] });
      expect(watched.complaints).toEqual([]);
      expect(watched.seen).toEqual(watched.written);

      await Promise.all(apps.map((app) => app.terminate()));
      const effects = effectsOf(await readRawLog(site, apps[0])).filter(({ valueId }) => valueId !== watched.id);
      expect(checkEffects(ledger.operations, effects)).toEqual([]);
    });
  },
  ['kafka'],
);

/** Resolves when so many more requests were answered, by each backend or by one. */
async function answering(balancer: Balancer, count: number, only?: number): Promise<void> {
  const before = [...balancer.answered];
  await eventually(
    () =>
      before.every(
        (n, index) => (only !== undefined && index !== only) || (balancer.answered[index] ?? 0) - n >= count,
      ),
    { within },
  );
}
