import request from 'supertest';
import type { AppProcess } from './support/app-process.ts';
import { describeModes } from './support/modes.ts';
import { signIn } from './support/sign-in.ts';

const UNKNOWN = '2753b941-eb10-497c-b58c-2b3dec1eeeef';

describeModes('The module __module__', ({ startApp }) => {
  let app: AppProcess;
  let token: string;
  const http = () => request.agent(app.url).auth(token, { type: 'bearer' });

  beforeAll(async () => {
    app = await startApp();
    token = await signIn(app.url, 'alice');
  }, 60_000);

  it('creates, renames and reads', async () => {
    const created = await http().post('/__module__').send({ name: 'first' }).expect(201);
    const { id } = created.body;
    expect(created.body).toEqual({ id: expect.any(String), name: 'first' });
    expect(created.headers['location']).toBe(`/__module__/${id}`);

    const renamed = await http().put(`/__module__/${id}`).send({ name: 'second' }).expect(200, { name: 'second' });
    const token = renamed.headers['consistency-token'] ?? '';
    const read = await http().get(`/__module__/${id}`).set('Consistency-Token', token).expect(200, { name: 'second' });
    expect(read.headers['etag']).toBe('"2"');
  });

  it('asks for a token', async () => {
    await request(app.url).get(`/__module__/${UNKNOWN}`).expect(401);
  });

  it('knows nothing of an unknown id', async () => {
    for (const sent of [http().get(`/__module__/${UNKNOWN}`), http().put(`/__module__/${UNKNOWN}`).send({ name: 'x' })]) {
      const answer = await sent.expect(404);
      expect(answer.body.code).toBe('__NOUN___NOT_FOUND');
    }
  });

  it.each([[{}], [{ name: '' }], [{ name: 7 }], [{ name: 'x', more: true }]])('refuses the body %j', async (body) => {
    const answer = await http().post('/__module__').send(body).expect(400);
    expect(answer.body.code).toBe('VALIDATION_FAILED');
  });
});
