import type { AppProcess } from './support/app-process.ts';
import { calculator, UNKNOWN_ID, UUID } from './support/calculator.ts';
import { EventStream } from './support/event-stream.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';

describeModes('The calculator', ({ startApp }) => {
  let app: AppProcess;
  const { http, put, newValue } = calculator(() => app);

  beforeAll(async () => {
    app = await startApp();
  }, 60_000);

  describe('commands', () => {
    it('accepts at once, and decides in order, as the seed shows', async () => {
      const created = await http().post('/values').send({ value: 2 }).expect(202);
      const { id, commandId } = created.body;
      expect(created.body).toEqual({ id: expect.stringMatching(UUID), commandId: expect.stringMatching(UUID) });
      expect(created.headers['location']).toBe(`/values/${id}`);
      const added = await http().put(`/values/${id}`).send({ operation: 'ADD', value: 2 }).expect(202);
      expect(added.body).toEqual({ commandId: expect.stringMatching(UUID) });
      expect(added.headers['location']).toBe(`/commands/${added.body.commandId}`);
      const last = await http().put(`/values/${id}`).send({ operation: 'MULTIPLY', value: 3 }).expect(202);
      const token = last.headers['consistency-token'] ?? '';
      const read = await http().get(`/values/${id}`).set('Consistency-Token', token).expect(200);
      expect(read.body).toEqual({ value: 12 });
      expect(read.headers['etag']).toBe('"3"');
      const outcome = await http().get(`/commands/${commandId}`).expect(200);
      expect(outcome.body).toMatchObject({ commandId, command: 'CreateValueCommand', status: 'accepted' });
    });

    it('waits for the decision when asked to', async () => {
      const created = await http().post('/values').set('Prefer', 'wait=10').send({ value: 2 }).expect(201);
      expect(created.body).toEqual({ id: expect.stringMatching(UUID), value: 2 });
      expect(created.headers).toMatchObject({ etag: '"1"', 'preference-applied': 'wait=10' });
      const updated = await put(created.body.id, 'ADD', 0.5).expect(200);
      expect(updated.body).toEqual({ value: 2.5 });
      expect(updated.headers['etag']).toBe('"2"');
      expect(updated.headers['x-correlation-id']).toMatch(UUID);
    });

    it('does not wait when asked not to', async () => {
      const answer = await http().post('/values').set('Prefer', 'respond-async').send({ value: 2 }).expect(202);
      expect(answer.headers['preference-applied']).toBe('respond-async');
    });

    it('tells what became of a command on an unknown value', async () => {
      await put(UNKNOWN_ID, 'ADD', 1)
        .expect(404)
        .expect('Content-Type', /problem\+json/)
        .expect((answer) => {
          expect(answer.body).toMatchObject({
            code: 'VALUE_NOT_FOUND',
            status: 404,
            instance: `/values/${UNKNOWN_ID}`,
          });
        });
      const sent = await http().put(`/values/${UNKNOWN_ID}`).send({ operation: 'ADD', value: 1 }).expect(202);
      await eventually(async () => {
        const outcome = await http().get(`/commands/${sent.body.commandId}`).expect(200);
        expect(outcome.body).toMatchObject({
          command: 'UpdateValueCommand',
          status: 'rejected',
          problem: { code: 'VALUE_NOT_FOUND', status: 404 },
          decidedAt: expect.stringMatching(/Z$/),
        });
      });
    });

    it('rejects a result that is not finite, and the value stays', async () => {
      const { id, token } = await newValue(1e308);
      await put(id, 'MULTIPLY', 10)
        .expect(422)
        .expect((answer) => expect(answer.body.code).toBe('RESULT_NOT_FINITE'));
      await http().get(`/values/${id}`).set('Consistency-Token', token).expect(200, { value: 1e308 });
    });

    it('keeps doubles to the last bit, and -0 as 0', async () => {
      const doubles = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, -1.1];
      for (const value of doubles) {
        const { id, token } = await newValue(value);
        await http().get(`/values/${id}`).set('Consistency-Token', token).expect(200, { value });
      }
      const zero = await http()
        .post('/values')
        .set('Content-Type', 'application/json')
        .set('Prefer', 'wait=10')
        .send('{"value":-0}');
      expect(Object.is(zero.body.value, 0)).toBe(true);
    });
  });

  describe('idempotency (G5)', () => {
    it('answers twins with one decision', async () => {
      const twins = await Promise.all(
        Array.from({ length: 50 }, () =>
          http().post('/values').set('Prefer', 'wait=10').set('Idempotency-Key', 'fifty twins').send({ value: 5 }),
        ),
      );
      expect(new Set(twins.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
      expect(twins.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(49);
      const id = twins[0]?.body.id;
      const history = await http()
        .get(`/values/${id}/history`)
        .set('Consistency-Token', twins[0]?.headers['consistency-token'] ?? '');
      expect(history.body).toHaveLength(1);
    });

    it('refuses the key for another body, and leaves the first decision as it was', async () => {
      const { id } = await newValue(1);
      const keyed = (value: number) => put(id, 'ADD', value).set('Idempotency-Key', 'k');
      await keyed(1).expect(200, { value: 2 });
      await keyed(2)
        .expect(422)
        .expect((answer) => expect(answer.body.code).toBe('IDEMPOTENCY_KEY_REUSED'));
      // Also who asks not to wait: the outcome's page tells of the first.
      for (const preference of ['respond-async', 'wait=0']) {
        await keyed(2).set('Prefer', preference).expect(422);
        await keyed(1).set('Prefer', preference).expect(202);
      }
      const replayed = await keyed(1).expect(200, { value: 2 });
      expect(replayed.headers['idempotency-replayed']).toBe('true');
    });

    it('remembers a rejection, but not a version that did not match', async () => {
      const { id } = await newValue(1e308);
      const grow = () => put(id, 'MULTIPLY', 10).set('Idempotency-Key', 'grow');
      await grow().expect(422);
      await put(id, 'MULTIPLY', 0).expect(200);
      const again = await grow().expect(422);
      expect(again.headers['idempotency-replayed']).toBe('true');
      const at = (tag: string) => put(id, 'ADD', 1).set('Idempotency-Key', 'add').set('If-Match', tag);
      await at('"1"').expect(412);
      await at('"2"').expect(200, { value: 1 });
    });

    it('looks a key up before it checks the version, and lets the retry choose how it is answered', async () => {
      const { id } = await newValue(1);
      const keyed = () => http().put(`/values/${id}`).set('Idempotency-Key', 'p').set('If-Match', '"1"');
      await keyed().set('Prefer', 'wait=10').send({ operation: 'ADD', value: 1 }).expect(200);
      const retry = await keyed()
        .set('Prefer', 'wait=10')
        .send({ value: 1, operation: 'ADD' })
        .expect(200, { value: 2 });
      expect(retry.headers['idempotency-replayed']).toBe('true');
      await keyed().send({ operation: 'ADD', value: 1 }).expect(202);
    });
  });

  describe('reading', () => {
    it('shows every step of a value, oldest first, in pages', async () => {
      const { id } = await newValue(2);
      await put(id, 'ADD', 3).expect(200);
      const { headers } = await put(id, 'MULTIPLY', 2).expect(200);
      const path = `/values/${id}/history`;
      const all = await http()
        .get(path)
        .set('Consistency-Token', headers['consistency-token'] ?? '')
        .expect(200);
      expect(all.headers['consistency']).toBe('exact');
      const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
      expect(all.body).toEqual([
        { operation: 'CREATE', operand: 2, result: 2, version: 1, at },
        { operation: 'ADD', operand: 3, result: 5, version: 2, at },
        { operation: 'MULTIPLY', operand: 2, result: 10, version: 3, at },
      ]);
      const first = await http().get(`${path}?limit=2`).expect(200);
      const next = /<([^>]+)>; rel="next"/.exec(first.headers['link'] ?? '')?.[1] ?? '';
      const rest = await http().get(next).expect(200);
      expect([...first.body, ...rest.body]).toEqual(all.body);
    });

    it('sees its own writes (G8), also through the token of a command that is not decided yet', async () => {
      const { id } = await newValue(0);
      for (let round = 1; round <= 20; round++) {
        const sent = await http().put(`/values/${id}`).send({ operation: 'ADD', value: 1 }).expect(202);
        const token = sent.headers['consistency-token'] ?? '';
        const read = await http().get(`/values/${id}`).set('Consistency-Token', token).expect(200);
        expect(read.body).toEqual({ value: round });
        expect(read.headers['consistency']).toBe('exact');
      }
    });

    it('says plainly that it cannot see a write yet', async () => {
      const { id } = await newValue(0);
      const token = Buffer.from('p.calculator.0.999999999').toString('base64url');
      const answer = await http()
        .get(`/values/${id}`)
        .set('Consistency-Token', token)
        .set('Prefer', 'wait=0')
        .expect(503);
      expect(answer.body.code).toBe('VIEW_BEHIND');
      expect(answer.headers['retry-after']).toBe('1');
    });
  });

  describe('changes (G7)', () => {
    it('sends what was, says so, then what comes, and resumes where the client was', async () => {
      const { id, token } = await newValue(2);
      const url = `${app.url}/values/${id}/changes`;
      const stream = await EventStream.open(url, { headers: { 'consistency-token': token } });
      const snapshot = await stream.untilCaughtUp();
      expect(snapshot.map(({ data }) => JSON.parse(data))).toEqual([{ value: 2, version: 1, at: expect.any(String) }]);
      await put(id, 'ADD', 1).expect(200);
      expect(JSON.parse((await stream.next()).data)).toMatchObject({ value: 3, version: 2 });
      const lastEventId = stream.lastEventId ?? '';
      stream.close();
      await put(id, 'ADD', 1).expect(200);
      const resumed = await EventStream.open(url, { lastEventId });
      const missed = await eventually(async () => {
        const events = [...resumed.events].filter(({ event }) => event === 'message');
        return events.length > 0 && events;
      });
      expect(missed.map(({ data }) => JSON.parse(data).version)).toEqual([3]);
      resumed.close();
    });

    it('resets a client whose place it does not know', async () => {
      const { id, token } = await newValue(2);
      const headers = { 'consistency-token': token };
      const stream = await EventStream.open(`${app.url}/values/${id}/changes`, { lastEventId: '9-99999', headers });
      expect((await stream.next()).event).toBe('reset');
      expect(await stream.untilCaughtUp()).toHaveLength(1);
      stream.close();
    });

    it('answers the present rows to who prefers JSON', async () => {
      const { id, token } = await newValue(7);
      const answer = await http()
        .get(`/values/${id}/changes`)
        .set('Accept', 'application/json')
        .set('Consistency-Token', token)
        .expect(200);
      expect(answer.body).toEqual([{ value: 7, version: 1, at: expect.any(String) }]);
    });

    it('gives every client the same order, without gap or double, whenever it comes', async () => {
      const { id, token } = await newValue(0);
      const headers = { 'consistency-token': token };
      const streams: EventStream[] = [];
      const rounds = 60;
      for (let round = 0; round < rounds; round++) {
        if (round % 6 === 0) streams.push(await EventStream.open(`${app.url}/values/${id}/changes`, { headers }));
        await http().put(`/values/${id}`).send({ operation: 'ADD', value: 1 }).expect(202);
      }
      const expected = Array.from({ length: rounds + 1 }, (_, index) => index + 1);
      for (const stream of streams) {
        await eventually(() => {
          const rows = stream.events.filter(({ event }) => event === 'message');
          expect(rows.map(({ data }) => JSON.parse(data).version)).toEqual(expected);
        });
        stream.close();
      }
    });
  });

  it('is described at /openapi.json and /docs, and tells its health and metrics', async () => {
    const { body } = await http().get('/openapi.json').expect(200);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/values',
        '/values/{id}',
        '/values/{id}/history',
        '/values/{id}/changes',
        '/commands/{id}',
      ]),
    );
    await http().get('/docs').set('Accept', 'text/html').expect(200);
    await http().get('/health/live').expect(200);
    await http().get('/health/ready').expect(200);
    const metrics = await http().get('/metrics').expect(200);
    expect(metrics.text).toContain('cqrs_commands_decided_total');
  });
});
