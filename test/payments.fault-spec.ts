import { pause } from '../scripts/process/wait.ts';
import type { AppProcess } from './support/app-process.ts';
import { auditOf, settledBooks } from './support/books.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { PaymentsLoad } from './support/payments-load.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const users = 100;
const clients = 64;
const settledWithinMs = 60_000;

describeModes('The books of payments', ({ mode, newSite }) => {
  const payments =
    mode === 'embedded' ? faultCount({ small: 1_500, full: 700_000 }) : faultCount({ small: 400, full: 300_000 });
  const perRound = Math.min(payments / 2, 4_000);

  it(`are sound after payments through kills and pauses (G12): ${payments} payments`, async () => {
    const random = SeededRandom.announce(`payments (${mode})`);
    const site = await newSite();
    const app = await site.start({ KAFKA_SESSION_TIMEOUT_MS: '2000', LOG_LEVEL: 'error' });
    const load = await PaymentsLoad.of(app.url, users, random);
    let disturbed = 0;
    while (load.paymentIds.size < payments) {
      const target = load.paymentIds.size + perRound;
      load.start([app.url], clients);
      await eventually(() => expect(load.paymentIds.size).toBeGreaterThanOrEqual(target), { within: 300_000 });
      await disturb(app, random);
      disturbed++;
      await load.stop();
      await load.signIn(app.url);
      await load.retryUnanswered(app.url);
    }
    expect(load.complaints).toEqual([]);

    const settings = { ...site.settings, DATA_DIR: app.dataDirectory };
    const books = await eventually(async () => settledBooks(await auditOf(settings)), { within: settledWithinMs });
    expect(books).toMatchObject({ count: 0, findings: [] });
    expect(books.payments).toBeGreaterThanOrEqual(load.paymentIds.size);
    expect(books.payments).toBeLessThanOrEqual(load.paymentIds.size + load.unknown);
    const told = { payments: books.payments, disturbed, unknown: load.unknown, ...load.refusals };
    process.stdout.write(`payments (${mode}): ${JSON.stringify(told)}\n`);
  });

  /** A kill of the embedded process; on Kafka, where each costs seconds, a pause past the session. */
  async function disturb(app: AppProcess, random: SeededRandom): Promise<void> {
    if (mode === 'embedded') {
      await app.kill9();
      await app.restart();
      return;
    }
    await app.pause();
    await pause(random.between(1_000, 4_000));
    app.resume();
  }
});
