import type { AppProcess } from './support/app-process.ts';
import { calculator, UNKNOWN_ID, UUID } from './support/calculator.ts';
import { describeModes } from './support/modes.ts';

describeModes('The calculator refuses', ({ startApp }) => {
  let app: AppProcess;
  const { http, put, newValue } = calculator(() => app);

  beforeAll(async () => {
    app = await startApp();
  }, 60_000);

  describe('bad input, which gets its error and changes nothing', () => {
    const bodies: [string, string][] = [
      ['no body', ''],
      ['malformed JSON', '{"value":'],
      ['a missing field', '{}'],
      ['null for a field', '{"value":null}'],
      ['a wrong type', '{"value":"2"}'],
      ['an unknown field', '{"value":2,"admin":true}'],
      ['a double that overflows', '{"value":1e999}'],
      ['an array', '[1]'],
      ['a number alone', '2'],
      ['a poisoned prototype', '{"value":2,"__proto__":{"x":1}}'],
      ['depth', `{"value":2,"x":${'['.repeat(40)}${']'.repeat(40)}}`],
    ];
    it.each(bodies)('POST with %s', async (_name, body) => {
      const answer = await http().post('/values').set('Content-Type', 'application/json').send(body).expect(400);
      expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', correlationId: expect.stringMatching(UUID) });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    });

    it.each([
      ['an unknown operation', { operation: 'DIVIDE', value: 1 }],
      ['an operation in lower case', { operation: 'add', value: 1 }],
      ['no operation', { value: 1 }],
      ['a text as value', { operation: 'ADD', value: 'x' }],
    ])('PUT with %s', async (_name, body) => {
      const { id, token } = await newValue(1);
      await http().put(`/values/${id}`).send(body).expect(400);
      await http().get(`/values/${id}`).set('Consistency-Token', token).expect(200, { value: 1 });
    });

    it('ids that are no UUID', async () => {
      for (const path of ['/values/7', '/values/7/history', '/values/7/changes', '/commands/7']) {
        await http().get(path).expect(400);
      }
      await put('not-a-uuid', 'ADD', 1).expect(400);
    });

    it('headers that are not what they should be', async () => {
      const { id } = await newValue(1);
      const update = () => http().put(`/values/${id}`).send({ operation: 'ADD', value: 1 });
      await update().set('If-Match', '"1", "2"').expect(400);
      await update().set('If-Match', 'W/"1"').expect(400);
      await update().set('Idempotency-Key', '').expect(400);
      await update().set('Idempotency-Key', 'x'.repeat(256)).expect(400);
      await http().get(`/values/${id}`).set('Consistency-Token', 'forged').expect(400);
      await http().get(`/values/${id}/history?limit=201`).expect(400);
      await http().get(`/values/${id}/history?limit=x`).expect(400);
      await http().get(`/values/${id}/history?after=x`).expect(400);
    });

    it('methods, media types and paths', async () => {
      await http().delete('/values').expect(405).expect('Allow', /POST/);
      await http().post('/values').set('Content-Type', 'text/plain').send('2').expect(415);
      await http().get(`/values/${UNKNOWN_ID}`).set('Accept', 'text/csv').expect(406);
      await http().get('/nothing').expect(404);
      await http()
        .post('/values')
        .send({ value: 1, pad: 'x'.repeat(110_000) })
        .expect(413);
    });
  });

  describe('a version that is not the expected one', () => {
    it('decides only at the version that the sender has seen', async () => {
      const { id } = await newValue(1);
      const at = (tag: string) => put(id, 'ADD', 1).set('If-Match', tag);
      await at('"2"')
        .expect(412)
        .expect((answer) => expect(answer.body.code).toBe('VERSION_MISMATCH'));
      await at('"1"').expect(200);
      await at('*').expect(200);
      await put(UNKNOWN_ID, 'ADD', 1).set('If-Match', '*').expect(412);
    });
  });

  it('knows nothing of an unknown value', async () => {
    for (const path of ['', '/history', '/changes']) {
      const answer = await http().get(`/values/${UNKNOWN_ID}${path}`).expect(404);
      expect(answer.body.code).toBe('VALUE_NOT_FOUND');
    }
    const answer = await http().get(`/commands/${UNKNOWN_ID}`).expect(404);
    expect(answer.body.code).toBe('NOT_FOUND');
  });
});
