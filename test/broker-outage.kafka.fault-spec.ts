import { startBroker } from '../scripts/kafka/broker.ts';
import type { KafkaBroker } from '../scripts/kafka/kafka-broker.ts';
import { pause } from '../scripts/process/wait.ts';
import { AppSite } from './support/app-site.ts';
import { eventually } from './support/eventually.ts';
import type { LedgerOfAttempts } from './support/ledger-of-attempts.ts';
import { throughOutages } from './support/outages.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const kills = faultCount({ small: 1, full: 100 });
const pauses = faultCount({ small: 1, full: 5 });
const pauseMs = faultCount({ small: 6, full: 30 }) * 1_000;

describe('an outage of the only broker', () => {
  let broker: KafkaBroker;
  const sites: AppSite[] = [];

  beforeAll(async () => {
    broker = await startBroker();
  });

  afterAll(async () => {
    try {
      await Promise.all(sites.map((site) => site.close()));
    } finally {
      await broker.close();
    }
  });

  const newSite = async (): Promise<AppSite> => {
    const site = await AppSite.create('kafka', { ...process.env, KAFKA_BROKERS: broker.address });
    sites.push(site);
    return site;
  };

  it(`loses and doubles no command, refuses writes, serves reads and heals (G1, G2): ${kills} times kill -9`, async () => {
    const random = SeededRandom.announce('broker, kill -9');
    await throughOutages({
      site: await newSite(),
      random,
      rounds: kills,
      excuses: { views: false },
      fail: async ({ round, ledger }) => {
        await broker.kill9();
        // Now and then it stays away until a client is refused, which takes the ten seconds of an append.
        if (round === 1 || random.chance(0.1)) await refusedOnceMore(ledger);
        await broker.start();
      },
    });
  });

  it(`loses and doubles no command when it is frozen for ${pauseMs / 1_000} s (G1, G2): ${pauses} times`, async () => {
    await throughOutages({
      site: await newSite(),
      random: SeededRandom.announce('broker, pause'),
      rounds: pauses,
      excuses: { views: false },
      fail: async () => {
        await broker.freeze();
        await pause(pauseMs);
        await broker.thaw();
      },
    });
  });
});

/** Resolves when one more write was answered 503. */
async function refusedOnceMore(ledger: LedgerOfAttempts): Promise<void> {
  const refused = (): number => (ledger.losses['OUTCOME_UNKNOWN'] ?? 0) + (ledger.losses['LOG_UNAVAILABLE'] ?? 0);
  const before = refused();
  await eventually(() => refused() > before, { within: 60_000 });
}
