import { calculateJwkThumbprint, exportJWK, SignJWT } from 'jose';
import { developmentKeys } from '../src/platform/auth/development-keys.ts';
import type { AppProcess } from './support/app-process.ts';
import { calculator } from './support/calculator.ts';
import { EventStream } from './support/event-stream.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { auditOf } from './support/operated-site.ts';
import { SignedIn } from './support/signed-in.ts';

const RECORDS = '/operations/topics/calculator.events/records';

describeModes('a live tail of a topic', ({ startApp }) => {
  let app: AppProcess;
  let admin: SignedIn;
  const { newValue, put } = calculator(() => app);
  const open: EventStream[] = [];

  beforeAll(async () => {
    app = await startApp();
    admin = await SignedIn.as(app, 'operator', 'admin');
  }, 60_000);

  afterEach(() => {
    for (const stream of open.splice(0)) stream.close();
  });

  async function tail(query = '', token = admin.token): Promise<EventStream> {
    const headers = { authorization: `Bearer ${token}` };
    const stream = await EventStream.open(`${app.url}${RECORDS}${query}`, { headers });
    open.push(stream);
    return stream;
  }

  const recordsOf = ({ events }: EventStream) =>
    events.map(({ data }) => JSON.parse(data) as { partition: number; offset: number; key: string });

  it('is for the scope admin alone', async () => {
    const user = await SignedIn.as(app, 'somebody');
    await expect(EventStream.open(`${app.url}${RECORDS}`)).rejects.toThrow('401');
    await expect(tail('', user.token)).rejects.toThrow('403');
  });

  it('shows what comes from then on, each record once and as the list of records shows it', async () => {
    const { id: before } = await newValue(1);
    const [all, ofOne] = await Promise.all([tail(), tail(`?key=${before}`)]);
    const ids = await Promise.all(Array.from({ length: 20 }, async (_, value) => (await newValue(value)).id));
    await put(before, 'ADD', 2).expect(200);

    await eventually(() => expect(all.events).toHaveLength(21));
    await eventually(() => expect(ofOne.events).toHaveLength(1));
    expect(
      recordsOf(all)
        .map(({ key }) => key)
        .sort(),
    ).toEqual([...ids, before].sort());
    const { body } = await admin.get(`${RECORDS}?limit=200`).expect(200);
    expect(body).toEqual(expect.arrayContaining(recordsOf(all)));
    expect(recordsOf(ofOne)).toEqual(recordsOf(all).filter(({ key }) => key === before));
  });

  it.each(['?from=0', '?time=0', '?limit=5', '?partition=x'])('refuses %s', async (query) => {
    await expect(tail(query)).rejects.toThrow(/400 application\/problem\+json/);
  });

  it.each(['*/*', 'application/json, text/event-stream;q=0.5'])('is not answered to Accept: %s', async (accept) => {
    await admin
      .get(RECORDS)
      .set('Accept', accept)
      .expect(200)
      .expect('Content-Type', /^application\/json/);
  });

  it('refuses a topic and a partition that are not there', async () => {
    await expect(tail('?partition=99')).rejects.toThrow('NOT_FOUND');
    const headers = { authorization: `Bearer ${admin.token}` };
    const nothing = `${app.url}/operations/topics/nothing/records`;
    await expect(EventStream.open(nothing, { headers })).rejects.toThrow('NOT_FOUND');
  });

  it('ends when its token expires', async () => {
    const { privateKey, publicKey } = developmentKeys(app.dataDirectory);
    const token = await new SignJWT({ scope: 'admin' })
      .setProtectedHeader({
        alg: 'ES256',
        typ: 'at+jwt',
        kid: await calculateJwkThumbprint(await exportJWK(publicKey)),
      })
      .setIssuer(app.url)
      .setAudience('kafka-cqrs-platform')
      .setSubject('short')
      .setIssuedAt()
      .setExpirationTime('2s')
      .sign(privateKey);
    const [short, long] = await Promise.all([tail('', token), tail()]);

    await short.end({ within: 20_000 });
    expect(short.retryMs).toBeGreaterThan(0);
    expect(long.ended).toBe(false);
    expect(app.output).not.toContain(token);
  });

  it('ends in good order when the process stops, which it has told of in one line', async () => {
    const stream = await tail();
    expect(await app.terminate()).toMatchObject({ code: 0 });

    await stream.end();
    expect(stream.retryMs).toBeGreaterThan(0);
    const correlationId = stream.response.headers.get('x-correlation-id');
    const lines = auditOf(app).filter((line) => line.correlationId === correlationId);
    expect(lines).toMatchObject([{ identity: 'operator', target: 'calculator.events', outcome: 'done' }]);
    expect(app.output).not.toContain(admin.token);
  });
});
