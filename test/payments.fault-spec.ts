import { pause } from '../scripts/process/wait.ts';
import type { AppProcess } from './support/app-process.ts';
import { auditOf, settledBooks } from './support/books.ts';
import { eventually } from './support/eventually.ts';
import { type FaultKind, KafkaProxy, type KafkaRequestName } from './support/kafka-proxy.ts';
import { describeModes } from './support/modes.ts';
import { PaymentsLoad } from './support/payments-load.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const users = 100;
const clients = 64;
const settledWithinMs = 60_000;
const requests: readonly KafkaRequestName[] = ['produce', 'addPartitionsToTxn', 'txnOffsetCommit', 'endTxn', 'fetch'];
const faults: readonly FaultKind[] = ['drop answer and reset', 'drop answer', 'reset before', 'deliver late'];
const faultsAtOnce = 10;

describeModes('The books of payments', ({ mode, newSite }) => {
  const payments =
    mode === 'embedded' ? faultCount({ small: 1_500, full: 700_000 }) : faultCount({ small: 400, full: 300_000 });
  const perRound = Math.min(payments / 2, 4_000);

  let proxy: KafkaProxy | undefined;

  afterEach(() => proxy?.close());

  it(`are sound after payments through kills, pauses and a faulty network (G12): ${payments} payments`, async () => {
    const random = SeededRandom.announce(`payments (${mode})`);
    const site = await newSite();
    const { KAFKA_BROKERS: brokers } = site.settings;
    proxy = brokers === undefined ? undefined : await KafkaProxy.start(brokers);
    const behindProxy = proxy === undefined ? {} : { KAFKA_BROKERS: proxy.address };
    const app = await site.start({ ...behindProxy, KAFKA_SESSION_TIMEOUT_MS: '2000', LOG_LEVEL: 'error' });
    const load = await PaymentsLoad.of(app.url, users, random);
    let disturbed = 0;
    while (load.paymentIds.size < payments) {
      const target = load.paymentIds.size + perRound;
      load.start([app.url], clients);
      await eventually(() => expect(load.paymentIds.size).toBeGreaterThanOrEqual(target), { within: 300_000 });
      await disturb(app, random, disturbed++);
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

  /** A kill of the embedded process; on Kafka, where each costs seconds, by turns a pause past the session and faults of the network. */
  async function disturb(app: AppProcess, random: SeededRandom, before: number): Promise<void> {
    if (proxy === undefined) {
      await app.kill9();
      await app.restart();
    } else if (before % 2 === 0) {
      await app.pause();
      await pause(random.between(1_000, 4_000));
      app.resume();
    } else {
      await spoil(proxy, random);
    }
  }
});

/** Connections break, nothing gets through for a while, or requests and answers get lost or come late. */
async function spoil(proxy: KafkaProxy, random: SeededRandom): Promise<void> {
  const kind = random.pick(['cut', 'blackhole', 'requests']);
  if (kind === 'cut') proxy.cutAll();
  if (kind === 'blackhole') proxy.blackhole(random.between(500, 4_000));
  if (kind !== 'requests') return;
  for (let count = 0; count < faultsAtOnce; count++) {
    const fault = { request: random.pick(requests), kind: random.pick(faults), ms: random.between(100, 3_000) };
    await Promise.race([proxy.inject(fault), pause(5_000)]);
  }
  proxy.disarm();
}
