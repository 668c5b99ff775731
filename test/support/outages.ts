import type { AppProcess } from './app-process.ts';
import type { AppSite } from './app-site.ts';
import { CalculatorLoad, retryUnknown } from './calculator-load.ts';
import { checkEffects, historiesOf, type Effect } from './effects.ts';
import { eventually } from './eventually.ts';
import { LedgerOfAttempts } from './ledger-of-attempts.ts';
import { OutageReaders, type Excuses } from './outage-readers.ts';
import { effectsOf, readRawLog } from './raw-log.ts';
import type { SeededRandom } from './seeded-random.ts';
import { readHistories } from './value-histories.ts';
import { untilLevel } from './view-lag.ts';

const healsWithinMs = 90_000;
const grownBytesMax = 150 * 1024 * 1024;
const readValues = 3;

/** Outages of a server that the product stands on, one after the other, under load. */
export interface Outages {
  readonly site: AppSite;
  readonly random: SeededRandom;
  readonly rounds: number;
  /** What readers may be told meanwhile. */
  readonly excuses: Excuses;
  /** Makes one outage and ends it, while the load goes on. */
  readonly fail: (during: OutageRound) => Promise<void>;
}

/** One outage under way. */
export interface OutageRound {
  /** From 1. */
  readonly round: number;
  readonly app: AppProcess;
  /** Fills meanwhile. */
  readonly ledger: LedgerOfAttempts;
  /** Values that exist and that readers look at. */
  readonly valueIds: readonly string[];
}

/**
 * Runs one process through outages and expects of each that no acknowledged command is lost or doubled, every refusal is a 503 that says when
 * to come again, reads are served, memory stays bounded and all heals by itself:
 * the same process is ready again, its views are level and equal the fold of the log.
 * @returns the ledger of the whole run
 */
export async function throughOutages({ site, random, rounds, excuses, fail }: Outages): Promise<LedgerOfAttempts> {
  const app = await site.start({ LOG_LEVEL: 'warn' });
  const { pid } = app;
  const ledger = new LedgerOfAttempts();
  const read: Effect[] = [];
  for (let round = 1; round <= rounds; round++) {
    const from = ledger.operations.length;
    const load = CalculatorLoad.start([app.url], ledger, random);
    await eventually(() => load.valueIds.length >= readValues, { within: healsWithinMs });
    const shown = load.valueIds.slice(0, readValues);
    await shownByViews(app, shown);
    const readers = OutageReaders.start(app, shown, excuses);
    load.hurry();
    await eventually(() => readers.firstBytes > 0);
    load.calm();

    await fail({ round, app, ledger, valueIds: shown });

    await app.ready({ within: healsWithinMs });
    await load.stop();
    await retryUnknown(app.url, ledger);
    const ofRound = ledger.operations.slice(from).filter(({ valueId }) => valueId !== undefined);
    const valueIds = [...new Set(ofRound.flatMap(({ valueId }) => valueId ?? []))];
    const effects = await readHistories(app.url, ledger, valueIds);
    read.push(...effects);
    await untilLevel(app);
    await readers.stop();
    const known = ledger.operations.slice(from).filter(({ valueId }) => valueId !== undefined);
    expect({ round, seed: random.seed, wrong: checkEffects(known, effects) }).toMatchObject({ wrong: [] });
    expect({ round, unexcused: [...new Set(readers.complaints)] }).toMatchObject({ unexcused: [] });
    expect(ledger.complaints).toEqual([]);
    // A hang would stand here by its time-out.
    expect(['OUTCOME_UNKNOWN', 'LOG_UNAVAILABLE']).toEqual(expect.arrayContaining(Object.keys(ledger.losses)));
    expect(readers.mostBytes - readers.firstBytes).toBeLessThan(grownBytesMax);
    expect({ running: app.running, pid: app.pid }).toEqual({ running: true, pid });
    process.stdout.write(`outage ${round}: ${JSON.stringify({ ...readers.answers, losses: ledger.losses })}\n`);
  }
  expect(await app.terminate()).toMatchObject({ code: 0 });
  const written = effectsOf(await readRawLog(site, app));
  expect(checkEffects(ledger.operations, written)).toEqual([]);
  const inViews = new Set(read.map(({ valueId }) => valueId));
  expect(historiesOf(read)).toEqual(historiesOf(written.filter(({ valueId }) => inViews.has(valueId))));
  // Else the test has tested nothing.
  expect(ledger.count('acknowledged')).toBeGreaterThan(rounds);
  return ledger;
}

async function shownByViews(app: AppProcess, valueIds: readonly string[]): Promise<void> {
  const paths = valueIds.flatMap((id) => [`/values/${id}`, `/values/${id}/history`]);
  await eventually(
    async () => {
      const answers = await Promise.all(paths.map((path) => fetch(`${app.url}${path}`)));
      return answers.every(({ status }) => status === 200);
    },
    { within: healsWithinMs },
  );
}
