import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { AppProcess, Settings } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { runHere } from './support/cli-here.ts';
import { plainCustomer } from './support/customers.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { SignedIn } from './support/signed-in.ts';
import { expectStoppedStart } from './support/stopped-start.ts';

const newKey = (): string => randomBytes(32).toString('base64');
const customers = 30;

describeModes('The keys of persons', ({ mode, newSite }) => {
  let site: AppSite;
  let app: AppProcess;
  let first: string;

  beforeEach(async () => {
    site = await newSite();
    first = newKey();
    app = await site.start({ DATA_KEY_ENCRYPTION_KEY: first });
    const clerk = await SignedIn.as(app, 'clerk');
    for (let at = 0; at < customers; at++) {
      await clerk.post('/accounts/customer/create', plainCustomer(`c${at}`)).expect(201);
    }
  }, 60_000);

  const startWith = (...keys: string[]) => app.restart({ DATA_KEY_ENCRYPTION_KEY: keys.join(',') });
  const settingsWith = (...keys: string[]): Settings => {
    return { ...site.settings, DATA_DIR: app.dataDirectory, DATA_KEY_ENCRYPTION_KEY: keys.join(',') };
  };

  async function refused(overrides: Settings, message: RegExp, exitCode = 1): Promise<void> {
    await app.terminate();
    expectStoppedStart(await site.runToEnd({ DATA_DIR: app.dataDirectory, ...overrides }), exitCode, message);
  }

  async function allAreRead(): Promise<void> {
    const clerk = await SignedIn.as(app, 'clerk');
    await eventually(async () => {
      const { body } = await clerk.get('/accounts/customers').expect(200);
      expect(body).toHaveLength(customers);
      expect(new Set(body.map(({ name }: { name: { firstName: string } }) => name.firstName))).toEqual(
        new Set(['Ann']),
      );
    });
  }

  it('are wrapped by another key-encryption key while everything runs', async () => {
    const second = newKey();
    await app.terminate();
    await startWith(second, first);
    const { code, output } = await runHere(settingsWith(second, first), 'keys', 'rotate', '--json');
    expect({ code, ...JSON.parse(output) }).toMatchObject({ code: 0, rewrapped: customers });
    expect((await runHere(settingsWith(second, first), 'keys', 'rotate')).output).toMatch(
      /^nothing was wrapped by another/,
    );
    await allAreRead();

    await app.terminate();
    await startWith(second);
    await allAreRead();
    const verified = await runHere(settingsWith(second), 'verify');
    expect(verified).toMatchObject({
      code: 0,
      output: expect.stringMatching(/view accounts\.customer: 30 rows[^]*nothing is wrong/),
    });
    await refused({ DATA_KEY_ENCRYPTION_KEY: first }, /^KEY_ENCRYPTION_KEY_WRONG: keys of persons are wrapped by .+$/);
  });

  it('keep a process with another key-encryption key from starting', async () => {
    await refused(
      { DATA_KEY_ENCRYPTION_KEY: newKey() },
      /^KEY_ENCRYPTION_KEY_WRONG: .+set DATA_KEY_ENCRYPTION_KEY to the one of all other processes.+$/,
    );
    await startWith(first);
    await allAreRead();
  });

  it('keep a process without a key-encryption key from starting, and from making one', async () => {
    await refused(
      { DATA_KEY_ENCRYPTION_KEY: '' },
      /^KEY_ENCRYPTION_KEY_WRONG: .+neither is DATA_KEY_ENCRYPTION_KEY set nor is .+ there$/,
    );
    expect(existsSync(join(app.dataDirectory, 'data-key-encryption.key'))).toBe(false);
    await refused(
      { DATA_KEY_ENCRYPTION_KEY: '', NODE_ENV: 'production', AUTH_ISSUER: 'https://issuer.invalid' },
      /^SETTINGS: DATA_KEY_ENCRYPTION_KEY is required with NODE_ENV=production.+$/,
      78,
    );
  });

  it('must not be lost: a log with customers and an empty store of keys is refused, and nothing is written', async () => {
    await app.terminate();
    if (mode === 'embedded') {
      for (const name of ['keys.db', 'keys.db-wal', 'keys.db-shm'])
        rmSync(join(app.dataDirectory, name), { force: true });
    } else {
      await query(site, 'drop schema keys cascade');
    }
    const kept = mode === 'embedded' ? readFileSync(join(app.dataDirectory, 'log.db')) : undefined;
    expectStoppedStart(
      await site.runToEnd({ DATA_DIR: app.dataDirectory, DATA_KEY_ENCRYPTION_KEY: first }),
      1,
      /^KEYS_LOST: the log holds sealed personal data, and .+ holds no key of anybody: restore the keys$/,
    );
    if (mode === 'embedded') {
      expect(existsSync(join(app.dataDirectory, 'keys.db'))).toBe(false);
      expect(readFileSync(join(app.dataDirectory, 'log.db'))).toEqual(kept);
    } else {
      const { rows } = await query(site, `select 1 from information_schema.schemata where schema_name = 'keys'`);
      expect(rows).toEqual([]);
    }
  });
});

describeModes(
  'A key-encryption key in the data directory',
  ({ newSite }) => {
    it('is made at the first start, and replaced by a rotation', async () => {
      const site = await newSite();
      const app = await site.start();
      const path = join(app.dataDirectory, 'data-key-encryption.key');
      const clerk = await SignedIn.as(app, 'clerk');
      await clerk.post('/accounts/customer/create', plainCustomer('ann')).expect(201);
      const before = readFileSync(path, 'utf8');
      const rotated = await runHere({ DATA_DIR: app.dataDirectory }, 'keys', 'rotate');
      const after = readFileSync(path, 'utf8');

      expect(rotated).toMatchObject({ code: 0, output: expect.stringMatching(/^1 keys are wrapped anew/) });
      expect([before, after].map((text) => text.trim().split('\n').length)).toEqual([1, 1]);
      expect(after).not.toBe(before);
      await clerk.get('/accounts/customer/ann').expect(200);
      await app.terminate();
      expect(await runHere({ DATA_DIR: app.dataDirectory }, 'keys', 'rotate')).toMatchObject({ code: 0 });
      await app.restart();
      await (await SignedIn.as(app, 'clerk')).get('/accounts/customer/ann').expect(200);
    });
  },
  ['embedded'],
);

async function query(site: AppSite, sql: string) {
  const client = new Client({ connectionString: String(site.settings['DATABASE_URL']) });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}
