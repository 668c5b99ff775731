import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { AppProcess } from './support/app-process.ts';
import { member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { ask, signIn } from './support/sign-in.ts';

const newValue = { method: 'POST', body: { value: 1 }, headers: { prefer: 'wait=20' } };

describeModes('Callers', ({ startApp }) => {
  let app: AppProcess;
  let alice: string;
  let bob: string;

  beforeAll(async () => {
    app = await startApp();
    alice = await signIn(app.url, 'alice');
    bob = await signIn(app.url, 'bob');
  }, 60_000);

  it('see what became of their own commands, and of nobody else’s', async () => {
    const tokens = { alice, bob, nobody: undefined };
    for (const [sender, token] of Object.entries(tokens)) {
      const sent = await ask(`${app.url}/values`, token, { ...newValue, headers: { prefer: 'respond-async' } });
      const outcome = `${app.url}/commands/${String(member(sent.body, 'commandId'))}`;
      for (const [asker, other] of Object.entries(tokens)) {
        const { status } = await ask(outcome, other);
        expect({ sender, asker, status }).toEqual({ sender, asker, status: sender === asker ? 200 : 404 });
      }
    }
  });

  it('have idempotency keys of their own', async () => {
    const withKey = { ...newValue, headers: { ...newValue.headers, 'idempotency-key': 'the same for all' } };
    const ids = [];
    for (const token of [alice, bob, undefined, alice, undefined]) {
      const { status, body } = await ask(`${app.url}/values`, token, withKey);
      expect(status).toBe(201);
      ids.push(member(body, 'id'));
    }

    expect(new Set(ids).size).toBe(3);
    expect(ids.slice(3)).toEqual([ids[0], ids[2]]);
  });
});

describeModes(
  'The development issuer',
  ({ startApp }) => {
    let app: AppProcess;
    const tokenFor = (body: unknown) => ask(`${app.url}/auth/token`, undefined, { method: 'POST', body });

    beforeAll(async () => {
      app = await startApp();
    }, 60_000);

    it('gives any user every scope but admin, and exactly those that are asked for', async () => {
      expect(await tokenFor({ username: 'alice' })).toMatchObject({
        status: 200,
        body: {
          access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
          token_type: 'Bearer',
          expires_in: 3600,
          scope: expect.stringContaining('read:values'),
        },
      });
      expect(member((await tokenFor({ username: 'alice' })).body, 'scope')).not.toMatch(/\badmin\b/);
      for (const scope of ['admin', 'read:values', 'admin no:such', '']) {
        expect(await tokenFor({ username: 'a.B_c-9', scope })).toMatchObject({ status: 200, body: { scope } });
      }
      expect((await tokenFor({ username: 'alice', scope: null })).status).toBe(200);
      expect((await tokenFor({ username: 'alice' })).headers.get('cache-control')).toBe('no-store');
    });

    it.each([
      {},
      { username: '' },
      { username: 'x'.repeat(65) },
      { username: 'a b' },
      { username: 'system:x' },
      { username: 7 },
      { username: 'alice', scope: 'a  b' },
      { username: 'alice', scope: 'a"b' },
      { username: 'alice', scope: ['a'] },
      { username: 'alice', admin: true },
    ])('refuses %j', async (body) => {
      expect(await tokenFor(body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    });

    it.each(['treasury', 'virtual-user-7', 'anonymous'])('gives no token to %s', async (username) => {
      expect(await tokenFor({ username })).toMatchObject({ status: 403, body: { code: 'RESERVED_IDENTITY' } });
    });

    it('keeps its keys, which only its owner may read, so that tokens outlive a restart', async () => {
      const token = await signIn(app.url, 'alice');
      await app.terminate();
      await app.restart();

      expect((await ask(`${app.url}/`, token)).status).toBe(200);
      expect(statSync(join(app.dataDirectory, 'development-issuer.pem')).mode & 0o777).toBe(0o600);
    });

    it('is an issuer that other processes can be pointed to, which have no such routes then', async () => {
      const other = await startApp({ AUTH_ISSUER: app.url });

      expect((await ask(`${other.url}/`, await signIn(app.url, 'alice'))).status).toBe(200);
      for (const path of ['/auth/token', '/.well-known/jwks.json', '/.well-known/openid-configuration']) {
        expect((await ask(other.url + path)).status).toBe(404);
      }
      const foreign = await startApp();
      expect((await ask(`${other.url}/`, await signIn(foreign.url, 'alice'))).status).toBe(401);
    });
  },
  ['embedded'],
);
