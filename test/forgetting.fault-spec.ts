import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../scripts/process/wait.ts';
import { readSqliteKeys } from '../src/platform/keys/sqlite-keys.ts';
import type { AppProcess } from './support/app-process.ts';
import { runHere } from './support/cli-here.ts';
import { orderOf, plainCustomer } from './support/customers.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { SignedIn } from './support/signed-in.ts';
import { faultCount } from './support/test-modes.ts';

const settings = { LOG_LEVEL: 'warn', KAFKA_SESSION_TIMEOUT_MS: '2000' };
const scope = 'admin read:accounts write:accounts read:orders write:orders';
const idOf = (at: number): string => `c${at}`;

async function fill(app: AppProcess, count: number): Promise<SignedIn> {
  const officer = await SignedIn.as(app, 'officer', scope);
  for (let at = 0; at < count; at += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, count - at) }, (_, step) =>
        officer.post('/accounts/customer/create', plainCustomer(idOf(at + step))).expect(201),
      ),
    );
  }
  return officer;
}

describeModes('An erasure', ({ mode, newSite }) => {
  const kills = mode === 'embedded' ? faultCount({ small: 4, full: 200 }) : faultCount({ small: 1, full: 50 });

  it(`is done wholly or not at all, whenever the process is killed (G11): ${kills} times kill -9`, async () => {
    const random = SeededRandom.announce(`erasures (${mode})`);
    const site = await newSite();
    const app = await site.start(settings);
    const officer = await fill(app, kills);
    for (let at = 0; at < kills; at++) await officer.post('/orders', orderOf(idOf(at))).expect(201);
    let decided = 0;
    for (let at = 0; at < kills; at++) {
      const id = idOf(at);
      await eventually(
        async () => expect((await officer.get(`/orders/order/${id}`)).body.name).toMatchObject({ firstName: 'Ann' }),
        { within: 20_000 },
      );
      const erasing = officer.delete(`/accounts/customer/${id}`).then(
        ({ status }) => status,
        () => undefined,
      );
      await pause(random.between(0, mode === 'embedded' ? 12 : 60));
      await app.kill9();
      const status = await erasing;
      await app.restart();

      // Decided after whatever of the erasure has reached the log: what was sent before the kill is decided after it.
      const probe = await officer.post('/accounts/customer/create', plainCustomer(id));
      expect([200, 410]).toContain(probe.status);
      const isErased = probe.status === 410;
      if (isErased) decided++;
      // What was answered is done; what has reached the log is done soon; what has not has changed nothing.
      if (status === 204) expect({ at, seed: random.seed, isErased }).toMatchObject({ isErased: true });
      const wanted = isErased ? null : { firstName: 'Ann' };
      await eventually(
        async () => {
          const { body } = await officer.get(`/orders/order/${id}`).expect(200);
          expect({ at, seed: random.seed, name: body.name, orders: body.orders.length }).toMatchObject({
            name: wanted,
            orders: 1,
          });
        },
        { within: 20_000 },
      );
      await eventually(async () => {
        const { body } = await officer.get(`/accounts/customer/${id}/history`).expect(200);
        const events = body.map(({ event }: { event: string }) => event);
        expect(events).toEqual(isErased ? ['CustomerCreated', 'CustomerErased'] : ['CustomerCreated']);
      });
      expect((await officer.get(`/accounts/customer/${id}`)).status).toBe(isErased ? 410 : 200);
      await officer.delete(`/accounts/customer/${id}`).expect(204);
    }
    process.stdout.write(`erasures (${mode}): ${decided} of ${kills} had reached the log before the kill\n`);
    if (mode === 'embedded') {
      await app.terminate();
      expect(new Set(readSqliteKeys(app.dataDirectory).keys.map(([, key]) => key))).toEqual(new Set(['erased']));
    }
  });
});

describeModes(
  'A rotation of the key-encryption key',
  ({ newSite }) => {
    const kills = faultCount({ small: 4, full: 100 });
    const customers = faultCount({ small: 200, full: 3_000 });

    it(`is gone on with, whenever the process is killed: ${kills} times kill -9, ${customers} customers`, async () => {
      const random = SeededRandom.announce('rotations');
      const site = await newSite();
      const app = await site.start(settings);
      const officer = await fill(app, customers);
      const keyFile = join(app.dataDirectory, 'data-key-encryption.key');
      const keys = (): number => readFileSync(keyFile, 'utf8').trim().split('\n').length;
      let brokenOff = 0;
      for (let kill = 1; kill <= kills; kill++) {
        const rotating = runHere({ DATA_DIR: app.dataDirectory }, 'keys', 'rotate');
        await pause(random.between(0, 60));
        await app.kill9();
        await rotating;
        if (keys() > 1) brokenOff++;
        await app.restart();
        for (let look = 0; look < 5; look++) {
          const id = idOf(random.between(0, customers - 1));
          const { body } = await officer.get(`/accounts/customer/${id}`).expect(200);
          expect({ kill, seed: random.seed, id, name: body.name }).toMatchObject({ name: { firstName: 'Ann' } });
        }
      }
      process.stdout.write(`rotations: ${brokenOff} of ${kills} were broken off\n`);
      const { code } = await runHere({ DATA_DIR: app.dataDirectory }, 'keys', 'rotate');
      expect({ code, keys: keys() }).toEqual({ code: 0, keys: 1 });
      await app.terminate();
      await app.restart();
      expect(await runHere({ DATA_DIR: app.dataDirectory }, 'verify')).toMatchObject({ code: 0 });
    });
  },
  ['embedded'],
);
