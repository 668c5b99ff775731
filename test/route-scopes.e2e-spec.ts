import { StubIssuer } from '../src/platform/auth/testing/stub-issuer';
import type { AppProcess } from './support/app-process.ts';
import { describeModes } from './support/modes.ts';
import { OpenApi, type Operation } from './support/openapi.ts';
import { ask } from './support/sign-in.ts';
import { accessInDevelopment, wantedAccess } from './support/wanted-access.ts';

/** In development, calculator and cart are public. */
const ofPublicModules = /^\S+ \/(values|cart|commands)\b/;
const beside = ['/', '/favicon.ico', '/docs', '/docs/page.css', '/docs/problems/unauthenticated', '/openapi.json'];
const id = '2753b941-eb10-497c-b58c-2b3dec1eeeef';

describeModes(
  'Every route',
  ({ startApp }) => {
    let issuer: StubIssuer;
    let closed: AppProcess;
    let open: AppProcess;

    beforeAll(async () => {
      issuer = await StubIssuer.start();
      closed = await startApp({
        AUTH_ISSUER: issuer.url,
        NODE_ENV: 'production',
        DATA_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
      });
      open = await startApp();
    }, 60_000);
    afterAll(() => issuer.stop());

    it('is listed here with what it asks for, and says so in /openapi.json', async () => {
      expect(documented(await OpenApi.of(closed.url))).toEqual(wantedAccess);
      const inDevelopment = Object.entries({ ...wantedAccess, ...accessInDevelopment }).map(([route, access]) => {
        return [route, ofPublicModules.test(route) ? 'open' : access] as const;
      });
      expect(documented(await OpenApi.of(open.url))).toEqual(Object.fromEntries(inDevelopment));
    });

    it('refuses who has no token, a token without its scope or a bad one, and nobody else (G13)', async () => {
      const api = await OpenApi.of(closed.url);
      const [without, bad] = [issuer.forge.token({ scope: 'other:things' }), `${issuer.forge.token()}A`];
      const seen = await Promise.all(
        api.operations.map(async (operation) => {
          const name = nameOf(operation);
          const access = wantedAccess[name] ?? 'unlisted';
          const right = issuer.forge.token({ scope: access });
          const answers = await Promise.all([undefined, without, right, bad].map((token) => to(operation, token)));
          return { name, access, answers };
        }),
      );

      expect(seen).toEqual(seen.map(({ name, access }) => ({ name, access, answers: expectedOf(access) })));
    });

    it('beside the documented ones is on the public list', async () => {
      for (const path of beside) {
        const { status } = await ask(closed.url + path, undefined, { headers: { accept: '*/*' } });
        expect({ path, status }).toEqual({ path, status: path === '/favicon.ico' ? 204 : 200 });
      }
    });

    it('that does not exist is not there for anybody, with a token or without', async () => {
      for (const token of [undefined, issuer.forge.token()]) {
        expect((await ask(`${closed.url}/nowhere`, token)).status).toBe(404);
        expect((await ask(`${closed.url}/values`, token, { method: 'DELETE' })).status).toBe(405);
      }
    });

    function to(operation: Operation, token: string | undefined): Promise<'in' | number> {
      const { method, path } = operation;
      const url = closed.url + path.replaceAll(/\{[^}]+\}/g, id);
      const body = operation.requestBody === undefined ? {} : { body: {} };
      return ask(url, token, { method, ...body }).then(({ status }) =>
        status === 401 || status === 403 ? status : 'in',
      );
    }
  },
  ['embedded'],
);

/** Answers to no token, one without the scope, one with it, a bad one. */
function expectedOf(access: string): ('in' | number)[] {
  if (access === 'public') return ['in', 'in', 'in', 401];
  if (access === 'token') return [401, 'in', 'in', 401];
  return [401, 403, 'in', 401];
}

function documented(api: OpenApi): Record<string, string | undefined> {
  return Object.fromEntries(api.operations.map((operation) => [nameOf(operation), documentedAccess(operation)]));
}

function documentedAccess({ security }: Operation): string | undefined {
  if (security === undefined) return undefined;
  if (security.length === 0) return 'public';
  if (security.some((requirement) => Object.keys(requirement).length === 0)) return 'open';
  return security[0]?.['bearer']?.[0] ?? 'token';
}

function nameOf({ method, path }: Operation): string {
  return `${method} ${path}`;
}
