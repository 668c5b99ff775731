import { join } from 'node:path';
import { pause } from '../scripts/process/wait.ts';
import { CalculatorLoad } from './support/calculator-load.ts';
import { runHere } from './support/cli-here.ts';
import { checkEffects } from './support/effects.ts';
import { eventually } from './support/eventually.ts';
import { LedgerOfAttempts, member, type Operation } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const backUpWhileServing = ({ newSite }: Parameters<Parameters<typeof describeModes>[1]>[0]): void => {
  const rounds = faultCount({ small: 1, full: 30 });

  it(`under load, restored elsewhere after kill -9, holds all that was acknowledged before it began (G1): ${rounds} backups`, async () => {
    const random = SeededRandom.announce('backup');
    for (let round = 0; round < rounds; round++) {
      const site = await newSite();
      const app = await site.start({ LOG_LEVEL: 'warn' });
      const ledger = new LedgerOfAttempts();
      const load = CalculatorLoad.start([app.url], ledger, random);
      await eventually(() => ledger.count('acknowledged') > 100, { within: 20_000 });
      load.hurry();
      await pause(random.between(0, 300));
      const before = new Set(ledger.operations.filter(({ fate }) => fate === 'acknowledged'));
      const backup = join(site.directory, 'backup');
      expect(await runHere({ DATA_DIR: app.dataDirectory }, 'backup', backup)).toMatchObject({ code: 0, told: '' });
      await app.kill9();
      await load.stop();

      const restored = { DATA_DIR: join(site.directory, 'restored') };
      expect(await runHere(restored, 'restore', backup)).toMatchObject({ code: 0, told: '' });
      const again = await site.start({ ...restored, LOG_LEVEL: 'warn' });
      await eventually(async () => expect(await missing(restored, before)).toEqual([]), { within: 20_000 });
      expect(await runHere(restored, 'verify')).toMatchObject({ code: 0, told: '' });
      expect(await again.terminate()).toMatchObject({ code: 0 });
      // What was acknowledged later may be in the copy or not; what is in it has its one effect.
      const operations = ledger.operations.map((operation): Operation => {
        return before.has(operation) || operation.fate === 'refused' ? operation : { ...operation, fate: 'unknown' };
      });
      const wrong = checkEffects(operations, effectsOf(await readRawLog(site, again)));
      expect({ round, seed: random.seed, wrong }).toMatchObject({ wrong: [] });
    }
  });
};

/** Operands of acknowledged operations that no event tells of: some were only taken, and are decided when the process comes up again. */
async function missing(settings: { DATA_DIR: string }, acknowledged: ReadonlySet<Operation>): Promise<number[]> {
  const { output } = await runHere(settings, 'topics', 'show', 'calculator.events', '--limit', '100000', '--json');
  const events = JSON.parse(output) as { value: unknown; headers: Record<string, string> }[];
  const there = new Set(
    events.map(({ value, headers }) => member(value, headers['ce_type'] === 'ValueCreated' ? 'value' : 'operand')),
  );
  return [...acknowledged].map(({ operand }) => operand).filter((operand) => !there.has(operand));
}

describeModes('a backup', backUpWhileServing, ['embedded']);
