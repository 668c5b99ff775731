import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewRecord } from '../src/platform/log/log.port.ts';
import type { DeadLetter } from '../src/platform/operations/operations.port.ts';
import type { AppProcess } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { CalculatorLoad, retryUnknown } from './support/calculator-load.ts';
import { runHere } from './support/cli-here.ts';
import { checkEffects } from './support/effects.ts';
import { eventually } from './support/eventually.ts';
import { LedgerOfAttempts, member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { poisonedCommands, poisonedEvents } from './support/poison.ts';
import { calculatorTopics, openLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { readHistories } from './support/value-histories.ts';

const ofEach = faultCount({ small: 1, full: 25 });
const values = 20;

describeModes('poison in the log', ({ mode, newSite }) => {
  it(`parks alone, in commands and in events, and stops nobody (G9): ${ofEach} of each kind in each partition`, async () => {
    const random = SeededRandom.announce(`poison (${mode})`);
    const site = await newSite();
    const app = await site.start({ LOG_LEVEL: 'fatal' });
    const ledger = new LedgerOfAttempts();
    let load = CalculatorLoad.start([app.url], ledger, random);
    // In every partition: one that has events, and never had a command, is refused.
    await eventually(() => load.valueIds.length > values, { within: 60_000 });
    const valueIds = [...load.valueIds];
    const ofCommands = poisonedCommands(ofEach);
    const ofEvents = poisonedEvents(ofEach);
    if (mode === 'embedded') {
      // Nobody else can write into its log while it runs.
      await app.terminate();
      await load.stop();
      await append(site, app, [...ofCommands, ...ofEvents]);
      await app.restart();
      load = CalculatorLoad.start([app.url], ledger, random);
    } else {
      await append(site, app, [...ofCommands, ...ofEvents]);
    }

    const expected = {
      'calculator.processor': ofCommands.length,
      'calculator.value': ofEvents.length,
      'calculator.value-history': ofEvents.length,
    };
    await eventually(async () => expect(await deadLettersInHealth(app)).toEqual(expected), { within: 120_000 });
    await load.stop();
    await retryUnknown(app.url, ledger);
    const letters = await listed(site, app);
    expect(letters).toHaveLength(Object.values(expected).reduce((sum, count) => sum + count));
    expect(new Set(letters.map(({ key }) => key))).toEqual(new Set([...ofCommands, ...ofEvents].map(({ key }) => key)));
    expect(letters.filter(({ cause, behind }) => cause === '' || behind > 0)).toEqual([]);

    // Neither a restart stumbles over them, nor one that has lost its state and restores it from the log.
    await app.terminate();
    await rm(join(app.dataDirectory, 'state.db'));
    await app.restart();
    const shown = [...new Set([...valueIds, ...load.valueIds])];
    const effects = await readHistories(app.url, ledger, shown);
    const known = ledger.operations.filter(({ valueId }) => valueId !== undefined && shown.includes(valueId));
    expect({ seed: random.seed, wrong: checkEffects(known, effects) }).toMatchObject({ wrong: [] });
    expect(ledger.complaints).toEqual([]);
    expect(await deadLettersInHealth(app)).toEqual(expected);
    expect(await app.terminate()).toMatchObject({ code: 0 });
  });
});

async function append(site: AppSite, app: AppProcess, records: readonly NewRecord[]): Promise<void> {
  const log = await openLog(site, app.dataDirectory);
  try {
    await log.ensureTopics(calculatorTopics);
    // One at a time: two large ones together are more than Kafka takes.
    for (const record of records) await log.append([record]);
  } finally {
    await log.close();
  }
}

async function deadLettersInHealth(app: AppProcess): Promise<unknown> {
  const answer = await fetch(`${app.url}/health/ready`);
  const readiness: unknown = await answer.json();
  expect(answer.status).toBe(200);
  return member(member(member(readiness, 'parts'), 'dead-letters'), 'details');
}

async function listed(site: AppSite, app: AppProcess): Promise<DeadLetter[]> {
  const settings = { ...site.settings, DATA_DIR: app.dataDirectory };
  const { code, output, told } = await runHere(settings, 'dead-letters', 'list', '--json');
  expect({ code, told }).toEqual({ code: 0, told: '' });
  return JSON.parse(output) as DeadLetter[];
}
