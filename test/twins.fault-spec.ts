import { pause } from '../scripts/process/wait.ts';
import type { AppProcess } from './support/app-process.ts';
import { checkEffects } from './support/effects.ts';
import { HttpClient } from './support/http-client.ts';
import { LedgerOfAttempts, type NewOperation, type Operation } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { readHistories } from './support/value-histories.ts';

const twinsPerKey = 50;
const killAfterMsMax = 60;

describeModes('parallel twins of one idempotency key', ({ mode, newSite }) => {
  const rounds = mode === 'embedded' ? faultCount({ small: 2, full: 100 }) : faultCount({ small: 1, full: 20 });

  it(`have one effect and the same answer, with a kill -9 in between (G5): ${rounds} keys`, async () => {
    const random = SeededRandom.announce(`twins (${mode})`);
    const site = await newSite();
    const app = await site.start({ KAFKA_SESSION_TIMEOUT_MS: '2000', LOG_LEVEL: 'warn' });
    const ledger = new LedgerOfAttempts();
    const answeredBeforeKill: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const created = ledger.begin({ kind: 'CREATE', key: undefined, waits: true });
      await all(1, app, ledger, created);
      const key = `twins ${random.seed} ${round}`;
      // A twin that got no answer asks again; the others are asked again too, and must hear the same.
      const operation = ledger.begin(random.chance(0.5) ? { kind: 'CREATE', key, waits: true } : addTo(created, key));
      const killed = random.chance(0.5) ? afterFirstAnswer(operation) : pause(random.between(0, killAfterMsMax));
      const sent = all(twinsPerKey, app, ledger, operation);
      await killed;
      await app.kill9();
      await sent;
      const told = operation.answers.length;
      answeredBeforeKill.push(told);
      await app.restart();
      await all(twinsPerKey, app, ledger, operation);

      expect({ losses: ledger.losses, complaints: ledger.complaints }).toMatchObject({ complaints: [] });
      expect(operation.answers.map(({ status, body }) => `${status} ${body}`)).toEqual(
        Array(told + twinsPerKey).fill(`${operation.kind === 'CREATE' ? 201 : 200} ${operation.answers[0]?.body}`),
      );
      const effects = await readHistories(app.url, ledger, [operation.valueId ?? '']);
      expect(effects.filter(({ operand }) => operand === operation.operand)).toHaveLength(1);
    }
    process.stdout.write(
      `twins (${mode}): answered before the kill: ${answeredBeforeKill.join(' ')} of ${twinsPerKey}\n`,
    );
    expect(ledger.complaints).toEqual([]);
    expect(await app.terminate()).toMatchObject({ code: 0 });
    expect(checkEffects(ledger.operations, effectsOf(await readRawLog(site, app)))).toEqual([]);
  });
});

function addTo({ valueId = '' }: Operation, key: string): NewOperation {
  return { kind: 'ADD', key, waits: true, valueId };
}

/** Sends the operation so many times at once. */
async function all(count: number, app: AppProcess, ledger: LedgerOfAttempts, operation: Operation): Promise<void> {
  const client = new HttpClient(app.url, { connections: count });
  await Promise.all(Array.from({ length: count }, () => ledger.attempt(client, operation)));
  client.close();
}

/** Resolves at the first answer, while others are on their way; after a while in any case. */
async function afterFirstAnswer({ answers }: Operation): Promise<void> {
  const deadline = Date.now() + 2_000;
  while (answers.length === 0 && Date.now() < deadline) await pause(0);
}
