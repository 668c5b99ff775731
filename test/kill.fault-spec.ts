import { pause } from '../scripts/process/wait.ts';
import type { AppProcess } from './support/app-process.ts';
import { CalculatorLoad, retryUnknown } from './support/calculator-load.ts';
import { checkEffects, historiesOf, type Effect } from './support/effects.ts';
import { LedgerOfAttempts } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { readHistories } from './support/value-histories.ts';

describeModes('kill -9 under load', ({ mode, newSite }) => {
  const kills = mode === 'embedded' ? faultCount({ small: 5, full: 850 }) : faultCount({ small: 2, full: 150 });

  it(`loses nothing acknowledged and does nothing twice (G1, G2, G3, G5): ${kills} kills`, async () => {
    const random = SeededRandom.announce(`kill -9 (${mode})`);
    const site = await newSite();
    const app = await site.start({ KAFKA_SESSION_TIMEOUT_MS: '2000', LOG_LEVEL: 'warn' });
    const ledger = new LedgerOfAttempts();
    const read: Effect[] = [];
    for (let done = 0; done < kills;) {
      const from = ledger.operations.length;
      const load = CalculatorLoad.start([app.url], ledger, random);
      done += await crash(app, load, random, kills - done);
      await load.stop();
      await app.restart();
      await retryUnknown(app.url, ledger);
      const ofRound = ledger.operations.slice(from).flatMap(({ valueId }) => valueId ?? []);
      const effects = await readHistories(app.url, ledger, [...new Set(ofRound)]);
      // What a CREATE without an answer has made only the log itself can tell.
      const known = ledger.operations.slice(from).filter(({ valueId }) => valueId !== undefined);
      expect({ kill: done, seed: random.seed, wrong: checkEffects(known, effects) }).toMatchObject({ wrong: [] });
      read.push(...effects);
    }
    expect(ledger.complaints).toEqual([]);
    expect(await app.terminate()).toMatchObject({ code: 0 });

    const written = effectsOf(await readRawLog(site, app));
    expect(checkEffects(ledger.operations, written)).toEqual([]);
    const inViews = new Set(read.map(({ valueId }) => valueId));
    expect(historiesOf(read)).toEqual(historiesOf(written.filter(({ valueId }) => inViews.has(valueId))));
    // Else the test has tested nothing.
    expect(ledger.count('acknowledged')).toBeGreaterThan(kills);
    process.stdout.write(`kill -9 (${mode}): ${kills} kills, ${JSON.stringify(tally(ledger))}\n`);
  });
});

/** Kills the process at some moment; now and then once more while it recovers. */
async function crash(app: AppProcess, load: CalculatorLoad, random: SeededRandom, killsLeft: number): Promise<number> {
  await pause(random.between(100, 1_400));
  load.hurry();
  await pause(random.between(0, 100));
  await app.kill9();
  if (killsLeft < 2 || !random.chance(0.2)) return 1;
  await app.launch();
  await pause(random.between(0, 1_000));
  await app.kill9();
  return 2;
}

function tally(ledger: LedgerOfAttempts): Record<string, number> {
  return { acknowledged: ledger.count('acknowledged'), unknown: ledger.count('unknown') };
}
