import { join } from 'node:path';
import { pause } from '../scripts/process/wait.ts';
import type { AppProcess } from './support/app-process.ts';
import { CalculatorLoad, retryUnknown } from './support/calculator-load.ts';
import { checkEffects } from './support/effects.ts';
import { eventually } from './support/eventually.ts';
import { HttpClient } from './support/http-client.ts';
import { LedgerOfAttempts } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { addLast, readHistories } from './support/value-histories.ts';

const sessionTimeoutMs = 1_500;
const faults = faultCount({ small: 1, full: 30 });

/** How one of two processes fails; resolves when it runs again. */
type Fault = (victim: AppProcess, takenOver: () => Promise<void>) => Promise<void>;

describeModes(
  'two processes on one log',
  ({ newSite }) => {
    it(`lose nothing and double nothing when one is killed; the other takes over (G2, G4): ${faults} kills`, async () => {
      await underFaults('two processes, kill -9', async (victim, takenOver) => {
        await victim.kill9();
        await takenOver();
        await victim.restart();
      });
    });

    it(`ignore an owner that was paused and wakes up (G4): ${faults} pauses`, async () => {
      await underFaults('two processes, pause', async (victim, takenOver) => {
        await victim.pause();
        await Promise.all([takenOver(), pause(2 * sessionTimeoutMs)]);
        victim.resume();
        // It finds out that it owns nothing any more, and joins again.
        await victim.ready();
      });
    });

    it(`decide right when the owner that was paused has the partitions again (G4, G10): ${faults} pauses`, async () => {
      const random = SeededRandom.announce('two processes, pause and back');
      const site = await newSite();
      const settings = { KAFKA_SESSION_TIMEOUT_MS: String(sessionTimeoutMs), LOG_LEVEL: 'error' };
      let paused = await site.start(settings);
      let other = await site.start(settings);
      const ledger = new LedgerOfAttempts();
      const load = CalculatorLoad.start([paused.url, other.url], ledger, random);
      await eventually(() => load.valueIds.length > 20, { within: 30_000 });
      await load.stop();
      for (let round = 1; round <= faults; round++) {
        // Nothing is on its way to it, so nothing tells it that it was fenced when it wakes up.
        await paused.pause();
        await takeOver(other, ledger, load.valueIds);
        paused.resume();
        await paused.ready();
        await other.kill9();
        const effects = await readHistories(paused.url, ledger, load.valueIds);
        const known = ledger.operations.filter(({ valueId }) => valueId !== undefined);
        expect({ round, seed: random.seed, wrong: checkEffects(known, effects) }).toMatchObject({ wrong: [] });
        await other.restart();
        [paused, other] = [other, paused];
      }
      expect(ledger.complaints).toEqual([]);
      const exits = await Promise.all([paused, other].map((app) => app.terminate()));
      expect(exits).toMatchObject([{ code: 0 }, { code: 0 }]);
      expect(checkEffects(ledger.operations, effectsOf(await readRawLog(site, paused)))).toEqual([]);
    });

    async function underFaults(name: string, fail: Fault): Promise<void> {
      const random = SeededRandom.announce(name);
      const site = await newSite();
      const settings = { KAFKA_SESSION_TIMEOUT_MS: String(sessionTimeoutMs), LOG_LEVEL: 'warn' };
      // Both at once, on a broker that has none of their topics yet.
      const processes = await Promise.all([
        site.start({ ...settings, DATA_DIR: join(site.directory, 'one') }),
        site.start({ ...settings, DATA_DIR: join(site.directory, 'other') }),
      ]);
      const ledger = new LedgerOfAttempts();
      for (let round = 1; round <= faults; round++) {
        const from = ledger.operations.length;
        const [victim, other] = random.chance(0.5) ? processes : [processes[1], processes[0]];
        const load = CalculatorLoad.start([victim.url, other.url], ledger, random);
        await pause(random.between(300, 1_000));
        load.hurry();
        await pause(random.between(0, 100));
        load.calm();
        await fail(victim, () => takeOver(other, ledger, load.valueIds));
        await load.stop();
        await retryUnknown(victim.url, ledger);
        const valueIds = [...new Set(ledger.operations.slice(from).flatMap(({ valueId }) => valueId ?? []))];
        const effects = await readHistories(random.pick(processes).url, ledger, valueIds);
        const known = ledger.operations.slice(from).filter(({ valueId }) => valueId !== undefined);
        expect({ round, seed: random.seed, wrong: checkEffects(known, effects) }).toMatchObject({ wrong: [] });
      }
      expect(ledger.complaints).toEqual([]);
      const exits = await Promise.all(processes.map((app) => app.terminate()));
      expect(exits).toMatchObject([{ code: 0 }, { code: 0 }]);
      expect(checkEffects(ledger.operations, effectsOf(await readRawLog(site, processes[0])))).toEqual([]);
      expect(ledger.count('acknowledged')).toBeGreaterThan(faults);
    }
  },
  ['kafka'],
);

/** Resolves when the process decides commands on every one of these values, and so in every partition. */
async function takeOver(app: AppProcess, ledger: LedgerOfAttempts, valueIds: readonly string[]): Promise<void> {
  const client = new HttpClient(app.url);
  await Promise.all(valueIds.map((valueId) => addLast(client, ledger, valueId)));
  client.close();
}
