import { pause } from '../scripts/process/wait.ts';
import { EXIT } from '../src/cli/exit-codes.ts';
import type { ViewStatus } from '../src/platform/operations/operations.port.ts';
import type { AppProcess, Settings } from './support/app-process.ts';
import { CalculatorLoad } from './support/calculator-load.ts';
import { runHere } from './support/cli-here.ts';
import { eventually } from './support/eventually.ts';
import { fillValues, rowsOf } from './support/filled-values.ts';
import { LedgerOfAttempts } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { untilLevel } from './support/view-lag.ts';

const values = 20;
const views = ['calculator.value', 'calculator.value-history'];
const swapsWithinMs = 300_000;

describeModes('a rebuild', ({ mode, newSite }) => {
  const kills = mode === 'embedded' ? faultCount({ small: 4, full: 200 }) : faultCount({ small: 1, full: 50 });
  const events =
    mode === 'embedded' ? faultCount({ small: 3_000, full: 200_000 }) : faultCount({ small: 1_000, full: 200_000 });
  // About as long as filling and swapping takes.
  const rebuildMs = faultCount({ small: 800, full: 6_000 });

  it(`survives kill -9 at any moment, is begun once, and can be aborted (G6): ${kills} kills, ${events} events`, async () => {
    const random = SeededRandom.announce(`rebuild (${mode})`);
    const site = await newSite();
    const app = await site.start({ LOG_LEVEL: 'warn', KAFKA_SESSION_TIMEOUT_MS: '2000' });
    const settings: Settings = { ...site.settings, DATA_DIR: app.dataDirectory };
    const ids = await fillValues(app.url, { values, events });
    const before = await allRows(app, ids, events);

    const ended: Record<string, number> = {};
    let killedUnderWay = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const view = random.pick(views);
      const { generation } = await statusOf(settings, view);
      const load = CalculatorLoad.start([app.url], new LedgerOfAttempts(), random);
      const begun = await beginTwice(settings, view);
      await pause(random.between(0, rebuildMs));
      const isAborted = random.chance(0.25) && (await runHere(settings, 'views', 'abort', view)).code === 0;
      await pause(random.between(0, isAborted ? 100 : 0));
      if ((await statusOf(settings, view)).status === 'rebuilding') killedUnderWay++;
      await app.kill9();
      await load.stop();
      await app.restart();

      const now = await live(settings, view);
      expect({ kill, seed: random.seed, view, grown: now.generation - generation }).toMatchObject({
        grown: isAborted ? begun - 1 : begun,
      });
      expect(await rowsOf(app.url, ids)).toEqual(before);
      const end = isAborted ? 'aborted' : 'swapped';
      ended[end] = (ended[end] ?? 0) + 1;
    }
    await verified(app, settings);
    expect(await app.terminate()).toMatchObject({ code: 0 });
    process.stdout.write(
      `rebuild (${mode}): ${kills} kills, ${killedUnderWay} of them under way, ${JSON.stringify(ended)}\n`,
    );
  });
});

/** What the views show when all that was sent is decided and projected. */
function allRows(app: AppProcess, ids: readonly string[], events: number): Promise<Map<string, readonly unknown[]>> {
  return eventually(
    async () => {
      await untilLevel(app);
      const rows = await rowsOf(app.url, ids);
      expect([...rows.values()].flat().length).toBe(events + ids.length);
      return rows;
    },
    { within: 120_000 },
  );
}

/**
 * Begins a rebuild, and asks for it once more: that is refused, unless the first has swapped already.
 * @returns how many were begun
 */
async function beginTwice(settings: Settings, view: string): Promise<number> {
  expect(await runHere(settings, 'views', 'rebuild', view, '--no-wait')).toMatchObject({ code: 0 });
  const again = await runHere(settings, 'views', 'rebuild', view, '--no-wait');
  if (again.code === 0) return 2;
  expect(again).toMatchObject({ code: EXIT.CONFLICT, told: expect.stringContaining(view) });
  return 1;
}

async function statusOf(settings: Settings, view: string): Promise<ViewStatus> {
  const { output } = await runHere(settings, 'views', 'list', '--json');
  const status = (JSON.parse(output) as ViewStatus[]).find(({ name }) => name === view);
  if (status === undefined) throw new Error(`no view ${view} in ${output}`);
  return status;
}

/** Resolves when the view is not rebuilt any more. */
function live(settings: Settings, view: string): Promise<ViewStatus> {
  return eventually(
    async () => {
      const found = await statusOf(settings, view);
      expect(found.status).toBe('live');
      return found;
    },
    { within: swapsWithinMs },
  );
}

/** Every view is the fold of the log, those of the load included. */
async function verified(app: AppProcess, settings: Settings): Promise<void> {
  await untilLevel(app);
  expect(await runHere(settings, 'verify')).toMatchObject({ code: 0, told: '' });
}
