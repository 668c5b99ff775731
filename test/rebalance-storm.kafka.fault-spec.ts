import { pause } from '../scripts/process/wait.ts';
import type { AppProcess } from './support/app-process.ts';
import { CalculatorLoad, retryUnknown } from './support/calculator-load.ts';
import { checkEffects } from './support/effects.ts';
import { eventually } from './support/eventually.ts';
import { LedgerOfAttempts } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { readHistories } from './support/value-histories.ts';

/** Joins and leaves: one every five seconds for two minutes; in the small form three. */
const changes = faultCount({ small: 3, full: 24 });
const betweenMs = faultCount({ small: 1, full: 5 }) * 1_000;
const progressWithinMs = 30_000;
const decisionsPerWindow = 20;

describeModes(
  'a rebalance storm',
  ({ newSite }) => {
    it(`stops nobody, loses nothing and doubles nothing (G2, G3, G4): ${changes} joins and leaves`, async () => {
      const random = SeededRandom.announce('rebalance storm');
      const site = await newSite();
      const settings = { KAFKA_SESSION_TIMEOUT_MS: '1000', LOG_LEVEL: 'error' };
      const survivor = await site.start(settings);
      // It comes and goes; who sends commands must not lose its own process.
      const guest = await site.start(settings);
      const ledger = new LedgerOfAttempts();
      const load = CalculatorLoad.start([survivor.url], ledger, random);
      const changed: Record<string, number> = {};
      for (let change = 1; change <= changes; change++) {
        const what = await joinOrLeave(guest, random);
        changed[what] = (changed[what] ?? 0) + 1;
        await progress(ledger, { change, what, seed: random.seed });
        await pause(random.between(0, betweenMs));
      }
      await load.stop();
      if (!guest.running) await guest.restart();
      await Promise.all([survivor.ready(), guest.ready()]);
      await retryUnknown(survivor.url, ledger);
      const effects = await readHistories(random.pick([survivor, guest]).url, ledger, load.valueIds);
      const known = ledger.operations.filter(({ valueId }) => valueId !== undefined);
      expect({ seed: random.seed, wrong: checkEffects(known, effects) }).toMatchObject({ wrong: [] });
      expect(ledger.complaints).toEqual([]);
      const exits = await Promise.all([survivor, guest].map((app) => app.terminate()));
      expect(exits).toMatchObject([{ code: 0 }, { code: 0 }]);
      expect(checkEffects(ledger.operations, effectsOf(await readRawLog(site, survivor)))).toEqual([]);
      process.stdout.write(`rebalance storm: ${JSON.stringify({ ...changed, of: ledger.operations.length })}\n`);
    });
  },
  ['kafka'],
);

/** A process that is away comes; one that is there goes, in order or not. It may be met while it still joins. */
async function joinOrLeave(guest: AppProcess, random: SeededRandom): Promise<'join' | 'SIGTERM' | 'kill -9'> {
  if (!guest.running) {
    await guest.launch();
    return 'join';
  }
  if (random.chance(0.5)) {
    await guest.kill9();
    return 'kill -9';
  }
  await guest.terminate();
  return 'SIGTERM';
}

/** Resolves when so many more commands were decided for senders that waited for it. */
async function progress(ledger: LedgerOfAttempts, at: object): Promise<void> {
  const decided = (): number => ledger.operations.filter(isDecided).length;
  const before = decided();
  await eventually(
    () => expect({ at, progress: decided() - before > decisionsPerWindow }).toMatchObject({ progress: true }),
    {
      within: progressWithinMs,
    },
  );
}

function isDecided({ answers }: LedgerOfAttempts['operations'][number]): boolean {
  return answers.some(({ status }) => status !== 202);
}
