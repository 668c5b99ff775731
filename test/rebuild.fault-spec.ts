import { isDeepStrictEqual } from 'node:util';
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
const readValues = 3;
/** About as long as filling and swapping takes. */
const rebuildMs = faultCount({ small: 300, full: 6_000 });
const atOnceMs = 100;
const swapsWithinMs = 300_000;

describeModes('a rebuild', ({ mode, newSite }) => {
  const kills = mode === 'embedded' ? faultCount({ small: 4, full: 200 }) : faultCount({ small: 1, full: 50 });
  const events =
    mode === 'embedded' ? faultCount({ small: 3_000, full: 200_000 }) : faultCount({ small: 1_000, full: 200_000 });

  it(`survives kill -9 at any moment, is begun once, and can be aborted (G6): ${kills} kills, ${events} events`, async () => {
    const random = SeededRandom.announce(`rebuild (${mode})`);
    const site = await newSite();
    const app = await site.start({ LOG_LEVEL: 'warn', KAFKA_SESSION_TIMEOUT_MS: '2000' });
    const settings: Settings = { ...site.settings, DATA_DIR: app.dataDirectory };
    const ids = await fillValues(app.url, { values, events });
    const before = await allRows(app, ids, events);

    let underWay = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const view = random.pick(views);
      const { generation } = await statusOf(settings, view);
      const load = CalculatorLoad.start([app.url], new LedgerOfAttempts(), random);
      const serving = new AbortController();
      const readers = differences(app.url, ids.slice(0, readValues), before, serving.signal);
      const swaps = await beginSome(settings, view, random, async () => {
        const { status } = await statusOf(settings, view);
        if (status === 'rebuilding') underWay++;
        serving.abort();
        await app.kill9();
      });
      await load.stop();
      expect({ kill, seed: random.seed, view, differences: await readers }).toMatchObject({ differences: [] });
      await app.restart();

      const now = await live(settings, view);
      expect({ kill, seed: random.seed, view, swaps }).toMatchObject({
        swaps: expect.arrayContaining([now.generation - generation]),
      });
      expect(await rowsOf(app.url, ids)).toEqual(before);
    }
    await verified(app, settings);
    expect(await app.terminate()).toMatchObject({ code: 0 });
    process.stdout.write(`rebuild (${mode}): ${kills} kills, ${underWay} of them surely under way\n`);
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
 * Begins a rebuild and kills: at once, or some time later, when it was asked for twice or aborted.
 * @returns how many swaps may come of it
 */
async function beginSome(
  settings: Settings,
  view: string,
  random: SeededRandom,
  kill: () => Promise<void>,
): Promise<number[]> {
  const ask = () => runHere(settings, 'views', 'rebuild', view, '--no-wait');
  if (random.chance(0.5)) {
    const asking = ask();
    await pause(random.between(0, atOnceMs));
    await kill();
    return (await asking).code === 0 ? [1] : [0, 1];
  }
  expect(await ask()).toMatchObject({ code: 0 });
  const again = await ask();
  // Refused, unless the first has swapped already.
  if (again.code !== 0) expect(again).toMatchObject({ code: EXIT.CONFLICT, told: expect.stringContaining(view) });
  const begun = again.code === 0 ? 2 : 1;
  await pause(random.between(0, rebuildMs));
  const isAborted = random.chance(0.5) && (await runHere(settings, 'views', 'abort', view)).code === 0;
  await kill();
  return [isAborted ? begun - 1 : begun];
}

/** Reads these values until nobody serves any more. @returns what readers saw that was not there before */
async function differences(
  url: string,
  ids: readonly string[],
  before: ReadonlyMap<string, readonly unknown[]>,
  serving: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  while (!serving.aborted) {
    try {
      const rows = await rowsOf(url, ids);
      found.push(...ids.filter((id) => !isDeepStrictEqual(rows.get(id), before.get(id))));
    } catch (error) {
      if (!serving.aborted) found.push(String(error));
    }
  }
  return found;
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
