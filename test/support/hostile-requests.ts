import * as fc from 'fast-check';
import { hostileBodies, hostileHeaders, hostileTexts } from './hostile-parts.ts';

/** A request as a client that means no good, or is broken, may send it. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer | undefined;
  /** Has a token of a write that there was not: the one case in which 503 `VIEW_BEHIND` is a right answer. */
  readonly hasFutureToken: boolean;
}

/** A method and a path with `{id}`, as `/openapi.json` tells them. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Ids that exist, so that requests reach what lies behind the checks. */
export interface KnownIds {
  readonly valueId: string;
  readonly commandId: string;
}

const unknownId = '2753b941-eb10-497c-b58c-2b3dec1eeeef';

const segments = fc.oneof(
  fc.constantFrom('', '.', '..', '7', 'x', '%', '%zz', '%00', '%2e%2e', '%2F', '%ED%A0%80', '%F0%28', '%C3%A9', '+'),
  fc.constantFrom(
    unknownId.toUpperCase(),
    `${unknownId}%20`,
    `{${unknownId}}`,
    unknownId.replaceAll('-', ''),
    '*',
    ':id',
  ),
  hostileTexts.map(encodeURIComponent),
  fc.webSegment({ size: 'small' }),
);

const queries = fc.oneof(
  fc.constant(''),
  fc.constantFrom(
    '?',
    '?limit=0',
    '?limit=200',
    '?limit=201',
    '?limit=1e2',
    '?limit=1&limit=2',
    '?limit[]=1',
    '?limit=',
  ),
  fc.constantFrom(
    '?after=-1',
    '?after=9007199254740993',
    '?after=x',
    '?__proto__[x]=1',
    '?unknown=1',
    '?after=1&after=2',
  ),
  fc
    .tuple(fc.constantFrom('limit', 'after', 'id', '__proto__'), hostileTexts)
    .map(([name, text]) => `?${name}=${encodeURIComponent(text)}`),
);

const tokens = [
  'p.calculator.0.999999999',
  'p.calculator.3.9999999999999999',
  'p.calculator.999999.1',
  'p.nothing.0.1',
];
const futureToken = fc
  .constantFrom(...tokens, `c.${unknownId}`, 'p.platform.0.1', 'p.calculator.0.0')
  .map((text) => Buffer.from(text).toString('base64url'));

const methods = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'LOCK',
);
const elsewhere = fc.constantFrom(
  '/',
  '/docs',
  '/docs/',
  '/docs/problems/x',
  '/docs/constructor',
  '/values/',
  '//',
  '/app/x',
  '/%2e%2e/package.json',
);

/** Requests of every kind that HTTP can carry, most of them near enough to a valid one to come far. */
export function hostileRequests(
  routes: readonly Route[],
  { valueId, commandId }: KnownIds,
): fc.Arbitrary<HostileRequest> {
  const ids = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(valueId, valueId.toUpperCase(), commandId, unknownId) },
    segments,
  );
  const paths = (template: string) => ids.map((id) => template.replace('{id}', id));
  const targets = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.constantFrom(...routes).chain(({ method, path }) => fc.tuple(likely(method), paths(path))),
    },
    fc.tuple(methods, elsewhere),
    fc.tuple(methods, fc.webPath()),
  );
  return fc
    .record({
      target: targets,
      query: queries,
      headers: hostileHeaders,
      body: fc.option(hostileBodies, { nil: undefined, freq: 4 }),
      token: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, futureToken),
    })
    .map(({ target: [method, path], query, headers: sent, body, token }) => ({
      method,
      path: `/${path.slice(1)}${query}`,
      headers: {
        'content-type': 'application/json',
        prefer: 'wait=1',
        ...sent,
        // It would wait for seconds.
        ...(token === undefined ? {} : { 'consistency-token': token, prefer: 'wait=0' }),
      },
      body: method === 'GET' || method === 'HEAD' || method === 'TRACE' ? undefined : body,
      hasFutureToken: token !== undefined,
    }));
}

function likely(method: string): fc.Arbitrary<string> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(method) }, methods);
}
