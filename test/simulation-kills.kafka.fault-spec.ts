import { join } from 'node:path';
import { pause } from '../scripts/process/wait.ts';
import { auditOf, settledBooks } from './support/books.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';
import { attempts } from './support/virtual-users.ts';

/** Each a minute long when all ten are asked for. */
const kills = faultCount({ small: 1, full: 10 });
const roundMs = kills >= 10 ? 60_000 : 4_000;
const within = 60_000;

describeModes(
  'Virtual users of two processes',
  ({ newSite }) => {
    it(`leave sound books when one process after the other is killed (G12): ${kills} kills`, async () => {
      const random = SeededRandom.announce('simulation');
      const site = await newSite();
      const settings = {
        ROLES: 'api,processor,reactor,projector,simulator',
        SIMULATION_SPEED: '20',
        KAFKA_SESSION_TIMEOUT_MS: '2000',
        LOG_LEVEL: 'error',
      };
      const [one, other] = await Promise.all(
        ['one', 'other'].map((name) => site.start({ ...settings, DATA_DIR: join(site.directory, name) })),
      );
      if (one === undefined || other === undefined) throw new Error('two were started');
      for (let round = 0; round < kills; round++) {
        const [killed, survivor] = random.chance(0.5) ? [one, other] : [other, one];
        await pause(roundMs);
        await killed.kill9();
        const before = await attempts(survivor);
        // Whoever is left simulates, or takes it over.
        await eventually(async () => expect(await attempts(survivor)).toBeGreaterThan(before), { within });
        await killed.restart();
      }
      await Promise.all([one, other].map((app) => app.terminate()));
      await one.restart({ ROLES: 'api,processor,reactor,projector' });

      const audited = { ...site.settings, DATA_DIR: one.dataDirectory };
      const books = await eventually(async () => settledBooks(await auditOf(audited)), { within });
      expect(books).toMatchObject({ count: 0, findings: [] });
      expect(books.payments).toBeGreaterThan(0);
      process.stdout.write(`simulation: ${kills} kills, ${books.payments} payments\n`);
    });
  },
  ['kafka'],
);
