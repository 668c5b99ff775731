import request, { type Test } from 'supertest';
import type { DeadLetter, ViewStatus } from '../src/platform/operations/operations.port.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { OpenApi } from './support/openapi.ts';
import { auditOf, OperatedSite } from './support/operated-site.ts';
import { SignedIn } from './support/signed-in.ts';

const VIEW = 'calculator.value';
const EVENTS = 'calculator.events';
const LETTERS = '/operations/dead-letters';
const RECORDS = `/operations/topics/${EVENTS}/records`;

const routes = [
  ['GET', '/operations/views'],
  ['POST', `/operations/views/${VIEW}/rebuild`],
  ['GET', LETTERS],
  ['POST', `${LETTERS}/calculator.processor:calculator.commands:0:0/retry`],
  ['DELETE', `${LETTERS}/calculator.processor:calculator.commands:0:0`],
  ['GET', '/operations/topics'],
  ['GET', RECORDS],
] as const;

const refused: readonly (readonly [string, string, number, string])[] = [
  ['POST', '/operations/views/calculator.nothing/rebuild', 404, 'NOT_FOUND'],
  ['POST', `/operations/views/${encodeURIComponent("a/b' --")}/rebuild`, 404, 'NOT_FOUND'],
  ['POST', `${LETTERS}/x/retry`, 404, 'NOT_FOUND'],
  ['DELETE', `${LETTERS}/${encodeURIComponent(`${VIEW}:a/b:0:7`)}`, 404, 'NOT_FOUND'],
  ['DELETE', `${LETTERS}/${VIEW}:${EVENTS}:9999999999:7`, 404, 'NOT_FOUND'],
  ['DELETE', `${LETTERS}/${VIEW}:${EVENTS}:0:999999999999999`, 404, 'NOT_FOUND'],
  ['GET', `${LETTERS}?limit=0`, 400, 'VALIDATION_FAILED'],
  ['GET', `${LETTERS}?after=%20`, 400, 'VALIDATION_FAILED'],
  ['GET', '/operations/topics/calculator.nothing/records', 404, 'NOT_FOUND'],
  ['GET', '/operations/topics/__consumer_offsets/records', 404, 'NOT_FOUND'],
  ['GET', `${RECORDS}?partition=99`, 404, 'NOT_FOUND'],
  ...[
    'limit=0', 'limit=201', 'limit=', 'limit=1e2', 'limit=1.5', 'limit=1&limit=2', 'partition=-1', 'partition=',
    'partition=9999999999', 'partition=x', 'from=-1', 'from=', 'from=9007199254740993', 'time=', 'time=yesterday',
    'time=2026-01-31', 'time=2026-13-31T00:00:00Z', 'time=99999999999999999', 'key=a&key=b', 'key[x]=1', 'other=1',
    'access_token=secret',
  ].map((query) => ['GET', `${RECORDS}?${query}`, 400, 'VALIDATION_FAILED'] as const),
]; // prettier-ignore

describeModes('operator routes', ({ newSite }) => {
  let system: OperatedSite;
  let admin: SignedIn;
  let user: SignedIn;

  const listed = async (): Promise<DeadLetter[]> => (await admin.get(LETTERS).expect(200)).body as DeadLetter[];
  const views = async (): Promise<ViewStatus[]> =>
    (await admin.get('/operations/views').expect(200)).body as ViewStatus[];

  beforeAll(async () => {
    system = await OperatedSite.start(await newSite());
    admin = await SignedIn.as(system.app, 'operator', 'admin');
    user = await SignedIn.as(system.app, 'somebody');
  }, 60_000);

  function send(as: SignedIn | undefined, method: string, path: string): Test {
    const sent = request(system.app.url)[method === 'GET' ? 'get' : method === 'POST' ? 'post' : 'delete'](path);
    return as === undefined ? sent : sent.set('Authorization', `Bearer ${as.token}`);
  }

  it.each(routes)('%s %s is for the scope admin alone', async (method, path) => {
    expect((await send(undefined, method, path).expect(401)).body).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await send(user, method, path).expect(403)).body).toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
  });

  it.each(refused)('%s %s is answered with %d', async (method, path, status, code) => {
    const { body } = await send(admin, method, path)
      .expect(status)
      .expect('Content-Type', /problem\+json/);
    expect(body).toMatchObject({ code, status });
  });

  it('lists what is parked, a page at a time', async () => {
    const letters = await eventually(async () => {
      const found = await listed();
      expect(found).toHaveLength(3);
      return found;
    });
    expect(
      letters.map(({ consumer, topic, partition, key, behind }) => [consumer, topic, partition, key, behind]),
    ).toEqual([
      ['calculator.processor', 'calculator.commands', 0, 'k1', 0],
      ['calculator.value-history', EVENTS, 1, 'k2', 0],
      [VIEW, EVENTS, 1, 'k2', 0],
    ]);
    const first = await admin.get(`${LETTERS}?limit=2`).expect(200);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers['link'] ?? '')?.[1] ?? '';
    expect([...first.body, ...(await admin.get(next).expect(200)).body]).toEqual(letters);
  });

  it('G9: parks again what still cannot be taken, and forgets what is dropped', async () => {
    const before = await listed();
    for (const { id } of before) await admin.post(`${LETTERS}/${encodeURIComponent(id)}/retry`, {}).expect(202);
    const again = await eventually(async () => {
      const letters = await listed();
      expect(letters).toHaveLength(before.length);
      for (const letter of letters) expect(before.map(({ parkedAt }) => parkedAt)).not.toContain(letter.parkedAt);
      return letters;
    });
    for (const { id } of again) await admin.delete(`${LETTERS}/${encodeURIComponent(id)}`).expect(202);
    await eventually(async () => expect(await listed()).toEqual([]));
    await admin.delete(`${LETTERS}/${encodeURIComponent(again[0]?.id ?? '')}`).expect(404);
  });

  it('lists the topics', async () => {
    const { body } = await admin.get('/operations/topics').expect(200);
    const ends = (name: string): number[] =>
      (body as { name: string; partitions: { end: number }[] }[])
        .filter((topic) => topic.name === name)
        .flatMap(({ partitions }) => partitions.map(({ end }) => end));

    expect(ends(EVENTS)).toHaveLength(4);
    expect(ends(EVENTS).reduce((sum, end) => sum + end, 0)).toBeGreaterThanOrEqual(21);
    expect(body).toContainEqual(expect.objectContaining({ name: 'calculator.state', policy: 'compact' }));
    expect(body).toContainEqual(expect.objectContaining({ name: 'replies', policy: { deleteAfterMs: 86_400_000 } }));
  });

  it('shows records by partition, offset, key, time and number', async () => {
    const records = async (query: string) => {
      const { body } = await admin.get(`${RECORDS}?${query}`).expect(200);
      return body as { partition: number; offset: number; key: string; timestamp: number; value: string }[];
    };
    const all = await records('limit=200');
    const key = system.valueIds[7] ?? '';
    const ofKey = all.filter((record) => record.key === key);
    expect(all.map((record) => record.key)).toEqual(expect.arrayContaining([...system.valueIds, 'k2']));
    expect(ofKey).toEqual([
      {
        partition: expect.any(Number),
        offset: expect.any(Number),
        key,
        timestamp: expect.any(Number),
        headers: expect.objectContaining({ ce_type: 'ValueCreated' }),
        value: expect.stringContaining('7'),
      },
    ]);
    expect(await records(`key=${key}`)).toEqual(ofKey);
    expect(await records('key=')).toEqual([]);
    expect(await records('limit=3')).toEqual(all.slice(0, 3));
    const { partition, offset, timestamp } = ofKey[0] ?? { partition: 0, offset: 0, timestamp: 0 };
    expect(await records(`partition=${partition}&from=${offset}`)).toEqual(
      all.filter((record) => record.partition === partition && record.offset >= offset),
    );
    const since = all.filter((record) => record.timestamp >= timestamp);
    expect(since.length).toBeLessThan(all.length);
    expect(await records(`limit=200&time=${timestamp}`)).toEqual(since);
    expect(await records(`limit=200&time=${new Date(timestamp).toISOString()}`)).toEqual(since);
  });

  it('answers in the shapes that /openapi.json tells', async () => {
    const api = await OpenApi.of(system.app.url);
    for (const [method, path] of [...routes, ...refused]) {
      const { status, text, headers } = await send(admin, method, path);
      const operation = api.operations.find((one) => one.method === method && matches(one.path, path));
      const faults = operation && api.faultsOf(operation, { status, type: headers['content-type'] ?? '', body: text });
      expect({ method, path, status, faults }).toEqual({ method, path, status, faults: [] });
    }
  });

  it('G6: rebuilds a view once, however many ask at once', async () => {
    const live = async (): Promise<ViewStatus> => {
      const found = (await views()).find(({ name, status }) => name === VIEW && status === 'live');
      if (found === undefined) throw new Error(`${VIEW} is not live`);
      return found;
    };
    const before = await eventually(live);
    let begun = 0;
    // A rebuild of so little may be over before the next request has come.
    const problem = await eventually(
      async () => {
        await live();
        const asked = Array.from({ length: 3 }, () => admin.post(`/operations/views/${VIEW}/rebuild`, {}));
        const answers = await Promise.all(asked);
        for (const { status, text } of answers.filter(({ status }) => status !== 409)) {
          expect({ status, text }).toEqual({ status: 202, text: '' });
          begun++;
        }
        return answers.find(({ status }) => status === 409)?.body ?? false;
      },
      { within: 20_000 },
    );
    expect(problem).toMatchObject({ code: 'OPERATION_CONFLICT', detail: `${VIEW} is being rebuilt already` });

    await eventually(async () => expect(await live()).toEqual({ ...before, generation: before.generation + begun }), {
      within: 20_000,
    });
  });

  it('leaves a line for each use, with the caller and without the token', async () => {
    const answers = [
      await admin.get('/operations/views').expect(200),
      await user.get('/operations/views').expect(403),
      await admin.get(`${RECORDS}?limit=0&access_token=${admin.token}`).expect(400),
      await admin.delete(`${LETTERS}/a%2Fb%0A%22`).expect(404),
    ];
    const ids = answers.map(({ headers }) => headers['x-correlation-id']);

    const lines = await eventually(() => {
      const found = auditOf(system.app).filter(({ correlationId }) => ids.includes(correlationId));
      return found.at(-1)?.correlationId === ids.at(-1) && found;
    });
    const used = { identity: 'operator' };
    expect(lines).toMatchObject([
      { ...used, operation: 'GET /operations/views', outcome: 'done', correlationId: ids[0] },
      {
        ...used,
        operation: 'GET /operations/topics/:topic/records',
        target: EVENTS,
        outcome: 'VALIDATION_FAILED',
        correlationId: ids[2],
      },
      { ...used, operation: 'DELETE /operations/dead-letters/:id', target: 'a/b\n"', outcome: 'NOT_FOUND' },
    ]);
    expect(system.app.output).not.toContain(admin.token);
  });
});

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path.split('?')[0] ?? '');
}
