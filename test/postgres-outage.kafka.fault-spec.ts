import { type PostgresServer, startPostgres } from '../scripts/postgres/server.ts';
import { pause } from '../scripts/process/wait.ts';
import { AppSite } from './support/app-site.ts';
import { killInTransaction } from './support/backends.ts';
import { HttpClient } from './support/http-client.ts';
import { throughOutages, type OutageRound } from './support/outages.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { addLast } from './support/value-histories.ts';

const kills = faultCount({ small: 1, full: 50 });
const pauses = faultCount({ small: 1, full: 5 });
const pauseMs = faultCount({ small: 6, full: 30 }) * 1_000;
const backendRounds = faultCount({ small: 1, full: 50 });
const backendsPerRound = faultCount({ small: 3, full: 10 });

describe('an outage of PostgreSQL', () => {
  let postgres: PostgresServer;
  const sites: AppSite[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });

  afterAll(async () => {
    try {
      await Promise.all(sites.map((site) => site.close()));
    } finally {
      await postgres.close();
    }
  });

  const newSite = async (): Promise<AppSite> => {
    const site = await AppSite.create('kafka', { ...process.env, DATABASE_URL: postgres.url });
    sites.push(site);
    return site;
  };

  it(`leaves views that equal the fold of the log, and commands are decided meanwhile (G2, G6): ${kills} times kill -9`, async () => {
    await throughOutages({
      site: await newSite(),
      random: SeededRandom.announce('PostgreSQL, kill -9'),
      rounds: kills,
      excuses: { views: true },
      fail: async (during) => {
        await postgres.kill9();
        await decidesAll(during);
        await postgres.start();
      },
    });
  });

  it(`leaves views that equal the fold of the log when it is frozen for ${pauseMs / 1_000} s (G2, G6): ${pauses} times`, async () => {
    await throughOutages({
      site: await newSite(),
      random: SeededRandom.announce('PostgreSQL, pause'),
      rounds: pauses,
      excuses: { views: true },
      fail: async (during) => {
        await postgres.freeze();
        await Promise.all([decidesAll(during), pause(pauseMs)]);
        await postgres.thaw();
      },
    });
  });

  it(`projects nothing twice when a connection dies in its transaction (G6): ${backendRounds * backendsPerRound} kills`, async () => {
    const site = await newSite();
    await throughOutages({
      site,
      random: SeededRandom.announce('PostgreSQL, kill -9 in a transaction'),
      rounds: backendRounds,
      excuses: { views: true },
      fail: async () => {
        for (let kill = 0; kill < backendsPerRound; kill++)
          await killInTransaction(site.settings['DATABASE_URL'] ?? '');
      },
    });
  });
});

/** A decision needs no view. */
async function decidesAll({ app, ledger, valueIds }: OutageRound): Promise<void> {
  const client = new HttpClient(app.url);
  await Promise.all(valueIds.map((valueId) => addLast(client, ledger, valueId)));
  client.close();
}
