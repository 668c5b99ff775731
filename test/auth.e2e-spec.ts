import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostileTokens } from '../src/platform/auth/testing/hostile-tokens';
import { StubIssuer } from '../src/platform/auth/testing/stub-issuer';
import type { TokenForge } from '../src/platform/auth/testing/token-forge';
import type { AppProcess } from './support/app-process.ts';
import { EventStream } from './support/event-stream.ts';
import { eventually } from './support/eventually.ts';
import { member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { ask } from './support/sign-in.ts';

const realm = 'Bearer realm="kafka-cqrs-platform"';
const unknown = '/values/2753b941-eb10-497c-b58c-2b3dec1eeeef';
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

describeModes(
  'A process behind an OIDC issuer',
  ({ startApp, newSite }) => {
    let issuer: StubIssuer;
    let rsa: TokenForge;
    let app: AppProcess;
    const settings = (): Record<string, string> => ({
      AUTH_ISSUER: issuer.url,
      NODE_ENV: 'production',
      DATA_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
    });
    /** Every token that was sent, good or bad. */
    const sent: string[] = [];
    const send = (path: string, token: string, options: Parameters<typeof ask>[2] = {}) => {
      sent.push(token);
      return ask(app.url + path, token, options);
    };

    beforeAll(async () => {
      issuer = await StubIssuer.start();
      rsa = issuer.newForge('rsa', 'RS256');
      issuer.forges.push(rsa);
      app = await startApp(settings());
    }, 60_000);
    afterAll(() => issuer.stop());

    it('A1: refuses every token that is not to be believed, on public routes too, and tells nothing more', async () => {
      for (const [name, token] of Object.entries(hostileTokens(rsa))) {
        for (const path of [unknown, '/']) {
          const { status, headers, body } = await send(path, token);
          const told = { status, challenge: headers.get('www-authenticate'), code: member(body, 'code') };
          expect({ name, path, ...told }).toEqual({
            name,
            path,
            status: 401,
            challenge: `${realm}, error="invalid_token"`,
            code: 'UNAUTHENTICATED',
          });
          expect(member(body, 'detail')).toBe('A valid access token is required.');
        }
      }
    });

    it('lets in who has the scope, refuses who has not, and says which', async () => {
      expect((await send(unknown, rsa.token())).status).toBe(404);
      expect((await send(unknown, issuer.forge.token({ scope: 'read:values' }))).status).toBe(404);
      const command = { method: 'PUT', body: { operation: 'ADD', value: 1 } };
      for (const scope of ['read:values', 'write:valuesx', 'WRITE:VALUES', 'write']) {
        const refused = await send(unknown, issuer.forge.token({ scope }), command);
        expect(refused).toMatchObject({ status: 403, body: { code: 'INSUFFICIENT_SCOPE' } });
        expect(refused.headers.get('www-authenticate')).toBe(
          `${realm}, error="insufficient_scope", scope="write:values"`,
        );
      }
    });

    it('asks who has sent none for a token, and says no more', async () => {
      const { status, headers, body } = await ask(app.url + unknown);

      expect({ status, body }).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
      expect(headers.get('www-authenticate')).toBe(realm);
      expect((await ask(app.url + unknown, undefined, { headers: { authorization: 'Basic YTpi' } })).status).toBe(401);
    });

    it.each(['treasury', 'system:payments', 'virtual-user-1', 'anonymous'])(
      'refuses the reserved identity %s',
      async (sub) => {
        for (const path of [unknown, '/']) {
          const answer = await send(path, rsa.token({ sub }));
          expect(answer).toMatchObject({ status: 403, body: { code: 'RESERVED_IDENTITY' } });
        }
      },
    );

    it('A5: takes no token from the URL or a body', async () => {
      const token = rsa.token();
      sent.push(token);
      expect((await ask(`${app.url}${unknown}?access_token=${token}`)).status).toBe(401);
      expect(
        (await ask(`${app.url}/values`, undefined, { method: 'POST', body: { access_token: token } })).status,
      ).toBe(401);
    });

    it('A5: ends a stream when its token expires, and not one whose token lives', async () => {
      const created = await send('/values', rsa.token(), {
        method: 'POST',
        body: { value: 1 },
        headers: { prefer: 'wait=20' },
      });
      const path = `${app.url}/values/${String(member(created.body, 'id'))}/changes`;
      const [short, long] = [rsa.token({ exp: nowSeconds() + 3 }), rsa.token()];
      sent.push(short, long);
      const open = (token: string) => EventStream.open(path, { headers: { authorization: `Bearer ${token}` } });
      const [brief, lasting] = await Promise.all([open(short), open(long)]);
      await brief.untilCaughtUp();
      await brief.end({ within: 33_000 });

      expect(brief.retryMs).toBeGreaterThan(0);
      expect(lasting.ended).toBe(false);
      lasting.close();
    });

    it('A6: serves on through a rotation, and while the issuer is away', async () => {
      const old = issuer.forge.token();
      const renewed = issuer.newForge('renewed');
      issuer.forges = [renewed, ...issuer.forges];
      // Key ids that nobody knows have made it ask a moment ago: it asks again when that has cooled down.
      const first = renewed.token();
      await eventually(async () => expect((await send(unknown, first)).status).toBe(404), { within: 30_000 });
      expect((await send(unknown, old)).status).toBe(404);

      const { fetches } = issuer;
      const forgeries = Array.from({ length: 500 }, (_none, at) => renewed.token({}, { kid: `unknown-${at}` }));
      const answers = await Promise.all(forgeries.map((token) => ask(app.url + unknown, token)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      expect(issuer.fetches - fetches).toBeLessThanOrEqual(1);

      await issuer.stop();
      expect((await send(unknown, renewed.token({ jti: 'later' }))).status).toBe(404);
      expect((await ask(`${app.url}/health/ready`)).status).toBe(200);
      await issuer.listen();
    });

    it('A6: starts while the issuer is away, refuses nobody meanwhile, and says that it is not ready', async () => {
      await issuer.stop();
      const late = await (await newSite()).launch({ ...settings(), NODE_ENV: undefined });
      await eventually(async () => expect((await ask(`${late.url}/health/live`)).status).toBe(200), { within: 30_000 });
      const token = issuer.forge.token();
      const told = await ask(`${late.url}/`, token);

      expect(told).toMatchObject({ status: 503, body: { code: 'ISSUER_UNAVAILABLE' } });
      expect(told.headers.get('retry-after')).not.toBeNull();
      expect((await ask(late.url + unknown)).status).toBe(404);
      const ready = await ask(`${late.url}/health/ready`);
      expect(ready).toMatchObject({ status: 503, body: { parts: { issuer: { status: 'failed' } } } });

      await issuer.listen();
      await late.ready();
      expect((await ask(`${late.url}/`, token)).status).toBe(200);
    });

    it('A5: has written no token down, good or bad', async () => {
      await app.terminate();
      const texts = filesIn(app.dataDirectory).map((path) => readFileSync(path, 'latin1'));
      const written = sent
        .flatMap((token) => token.split('.').filter((part) => part.length > 20))
        .filter((part) => app.output.includes(part) || texts.some((text) => text.includes(part)));

      expect(sent.length).toBeGreaterThan(100);
      expect(app.output).toContain('"status":401');
      expect(texts.join('')).toContain('alice');
      expect(written).toEqual([]);
    });
  },
  ['embedded'],
);

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}
