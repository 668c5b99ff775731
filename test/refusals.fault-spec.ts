import { Agent } from 'node:http';
import * as fc from 'fast-check';
import { valueRejections } from '../src/modules/calculator/domain/value.decider';
import { problemCodes } from '../src/platform/http/problem-codes';
import type { AppProcess } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { exchange, send, type HostileAnswer } from './support/hostile-client.ts';
import { hostileRequests, type HostileRequest, type KnownIds, type Route } from './support/hostile-requests.ts';
import { member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const senders = 16;
const chunk = 500;
const bodyBytesMax = 100 * 1024;
const statuses = new Map(
  Object.entries({ ...problemCodes, ...valueRejections }).map(([code, { status }]) => [code, status]),
);

describeModes('nothing that a client sends', ({ mode, newSite }) => {
  const count =
    mode === 'embedded' ? faultCount({ small: 1_500, full: 100_000 }) : faultCount({ small: 500, full: 5_000 });
  let site: AppSite;
  let app: AppProcess;
  let random: SeededRandom;

  beforeEach(async () => {
    random = SeededRandom.announce(`refusals (${mode})`);
    site = await newSite();
    app = await site.start({ LOG_LEVEL: 'error' });
  });

  it(`is answered by a 5xx, or changes anything when it is refused: ${count} requests`, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: senders });
    const requests = hostileRequests(await routesOf(app), await knownIds(app));
    const refused = new Map<string, number>();
    const tally: Record<number, number> = {};
    for (let sent = 0; sent < count; sent += chunk) {
      const left = fc.sample(requests, { seed: random.seed + sent, numRuns: Math.min(chunk, count - sent) });
      await Promise.all(
        Array.from({ length: senders }, async () => {
          for (let next = left.pop(); next !== undefined; next = left.pop()) {
            const answer = await send(app.url, agent, next);
            expect({ next, answer, wrong: faultsOf(next, answer) }).toMatchObject({ wrong: [] });
            tally[answer?.status ?? 0] = (tally[answer?.status ?? 0] ?? 0) + 1;
            if (answer !== undefined && answer.status >= 400) refused.set(answer.correlationId, answer.status);
          }
        }),
      );
    }
    agent.destroy();
    process.stdout.write(`refusals (${mode}): ${JSON.stringify(tally)}\n`);
    expect(app.output).toBe('');
    expect(refused.size).toBeGreaterThan(count / 10);

    await app.terminate();
    const log = await readRawLog(site, app);
    const statusOf = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
      refused.get(headers['correlation-id'] ?? '');
    expect(log.events.length).toBeGreaterThan(0);
    expect(log.events.filter((event) => statusOf(event) !== undefined)).toEqual([]);
    // These need no decision, and so do not even reach the log.
    const atTheDoor = [400, 405, 406, 413, 415];
    expect(log.commands.filter((command) => atTheDoor.includes(statusOf(command) ?? 0))).toEqual([]);
  });

  it(`is answered by a 5xx, when it is hardly HTTP: ${count / 5} requests`, async () => {
    const { valueId } = await knownIds(app);
    const mutated = fc.array(mutations, { minLength: 1, maxLength: 3 }).map((all) => {
      let bytes: Buffer = Buffer.from(validRequest(valueId));
      for (const { at, length, insert } of all) {
        const from = at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + length)]);
      }
      return bytes;
    });
    for (const bytes of fc.sample(mutated, { seed: random.seed, numRuns: count / 5 })) {
      const text = await exchange(app.url, bytes);
      const wrong = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].filter(([, status]) => Number(status) >= 500);
      expect({ sent: bytes.toString('latin1'), text, wrong }).toMatchObject({ wrong: [] });
    }
    expect(app.output).toBe('');
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
  });
});

/** What is wrong with an answer, in plain words. */
function faultsOf(sent: HostileRequest, answer: HostileAnswer | undefined): string[] {
  // A server may refuse a large body before it has come, and close.
  if (answer === undefined) return (sent.body?.length ?? 0) > bodyBytesMax ? [] : ['there was no answer'];
  const { status, type, correlationId, body } = answer;
  if (status < 400 || (status < 500 && sent.method === 'HEAD')) return [];
  if (sent.method === 'HEAD') return sent.hasFutureToken && status === 503 ? [] : [`a ${status}`];
  if (!type.startsWith('application/problem+json')) return [`${status} is answered with ${type}`];
  const problem: unknown = JSON.parse(body);
  const code = String(member(problem, 'code'));
  const wrong: string[] = [];
  if (statuses.get(code) !== status || member(problem, 'status') !== status) wrong.push(`${code} is none of ${status}`);
  if (status >= 500 && !(sent.hasFutureToken && code === 'VIEW_BEHIND')) wrong.push(`a ${status}`);
  if (member(problem, 'correlationId') !== correlationId) wrong.push('the correlation id is not the one of the header');
  for (const name of ['type', 'title', 'detail', 'instance']) {
    if (typeof member(problem, name) !== 'string') wrong.push(`the problem has no ${name}`);
  }
  if (/node_modules|\n\s+at |SQLITE|sqlite|\/dist\//.test(body)) wrong.push('the problem tells of our insides');
  return wrong;
}

const pieces = [
  '\r\n',
  '\r\n\r\n',
  '%',
  '%00',
  '\0',
  '{',
  '"',
  ':',
  'chunked',
  'HTTP/9.9',
  'GET ',
  'Transfer-Encoding: chunked\r\n',
  '\u00ff',
  ' ',
];
const mutations = fc.record({
  at: fc.nat({ max: 1_000 }),
  length: fc.nat({ max: 30 }),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array)),
    fc.constantFrom(...pieces).map((text) => Buffer.from(text, 'latin1')),
    fc.constantFrom(Buffer.alloc(20_000, 'x'), Buffer.from('Content-Length: 1\r\nContent-Length: 2\r\n')),
  ),
});

function validRequest(valueId: string): string {
  const body = '{"operation":"ADD","value":1}';
  return (
    `PUT /values/${valueId} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n` +
    `Prefer: wait=1\r\nIdempotency-Key: k\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  );
}

async function routesOf(app: AppProcess): Promise<Route[]> {
  const document: unknown = await (await fetch(`${app.url}/openapi.json`)).json();
  const routes = Object.entries(Object(member(document, 'paths'))).flatMap(([path, methods]) =>
    Object.keys(Object(methods)).map((method) => ({ method: method.toUpperCase(), path })),
  );
  expect(routes).toContainEqual({ method: 'PUT', path: '/values/{id}' });
  return routes;
}

async function knownIds(app: AppProcess): Promise<KnownIds> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${app.url}/values`, { method: 'POST', headers, body: '{"value":1}' });
  const body: unknown = await answer.json();
  return { valueId: String(member(body, 'id')), commandId: String(member(body, 'commandId')) };
}
