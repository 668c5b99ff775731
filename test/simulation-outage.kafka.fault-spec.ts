import { startBroker } from '../scripts/kafka/broker.ts';
import type { KafkaBroker } from '../scripts/kafka/kafka-broker.ts';
import { type PostgresServer, startPostgres } from '../scripts/postgres/server.ts';
import type { AppProcess } from './support/app-process.ts';
import { AppSite } from './support/app-site.ts';
import { eventually } from './support/eventually.ts';
import { faultCount } from './support/test-modes.ts';
import { attempts, simulating, simulationState } from './support/virtual-users.ts';

const kills = faultCount({ small: 1, full: 20 });
const within = 90_000;

describe('virtual users', () => {
  let broker: KafkaBroker;
  let postgres: PostgresServer;
  let site: AppSite;

  beforeAll(async () => {
    [broker, postgres] = await Promise.all([startBroker(), startPostgres()]);
  });

  afterAll(() => Promise.all([broker.close(), postgres.close()]));

  beforeEach(async () => {
    site = await AppSite.create('kafka', { KAFKA_BROKERS: broker.address, DATABASE_URL: postgres.url });
  });

  afterEach(() => site.close());

  it.each([
    ['the broker', () => broker],
    ['PostgreSQL', () => postgres],
  ] as const)(`wait while %s is away, say so once, and go on: ${kills} times kill -9`, async (_name, server) => {
    const app = await site.start(simulating);
    const { pid } = app;
    await eventually(async () => expect(await attempts(app, 'pay-virtual')).toBeGreaterThan(0), { within });
    for (let round = 1; round <= kills; round++) {
      const saidBefore = saidOf(app.output);
      await server().kill9();
      await eventually(async () => expect(await stateOf(app)).toBe('failing'), { within });
      const sent = await attempts(app);
      await server().start();
      await eventually(async () => expect(await attempts(app)).toBeGreaterThan(sent), { within });
      await eventually(async () => expect(await stateOf(app)).toBe('here'), { within });
      // None when it has not been well for long since it said so last.
      expect({ round, said: saidOf(app.output) - saidBefore <= 1 }).toEqual({ round, said: true });
    }
    expect(saidOf(app.output)).toBeGreaterThan(0);
    expect({ running: app.running, pid: app.pid }).toEqual({ running: true, pid });
    expect(await app.terminate()).toMatchObject({ code: 0 });
  });
});

/** @throws Error with the end of its output when the process has ended */
async function stateOf(app: AppProcess): Promise<unknown> {
  if (!app.running) throw new Error(`the process has ended:\n${app.output.slice(-5_000)}`);
  return simulationState(app);
}

/** How often the log says that the simulation waits. */
function saidOf(output: string): number {
  return output.split('payments.simulator cannot go on').length - 1;
}
