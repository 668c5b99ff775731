import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppProcess } from './support/app-process.ts';
import { AppSite } from './support/app-site.ts';
import { runHere } from './support/cli-here.ts';
import { seedCustomer, shownSeedCustomer } from './support/customers.ts';
import { eventually } from './support/eventually.ts';
import { SignedIn } from './support/signed-in.ts';

interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | null;
  readonly replayed: string | null;
}

async function ask(app: AppProcess, method: string, path: string, body?: unknown, key?: string): Promise<Answered> {
  const answer = await fetch(`${app.url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      prefer: 'wait=10',
      accept: 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: answer.status,
    body: await answer.json(),
    etag: answer.headers.get('etag'),
    replayed: answer.headers.get('idempotency-replayed'),
  };
}

const idOf = ({ body }: Answered): string => {
  if (typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string') return body.id;
  throw new Error(`no id in ${JSON.stringify(body)}`);
};

describe('An embedded log that is copied to Kafka', () => {
  let embedded: AppSite;
  let kafka: AppSite;

  beforeAll(async () => {
    embedded = await AppSite.create('embedded');
    kafka = await AppSite.create('kafka');
  });

  afterAll(() => Promise.all([embedded.close(), kafka.close()]));

  it('goes on there: the same values, versions, idempotency keys and views, and nothing is decided twice', async () => {
    const before = await embedded.start();
    const ids: string[] = [];
    for (let number = 0; number < 12; number++) {
      const id = idOf(await ask(before, 'POST', '/values', { value: number }, `create ${number}`));
      ids.push(id);
      await ask(before, 'PUT', `/values/${id}`, { operation: 'ADD', value: 1 }, `add ${number}`);
    }
    const seen = async (app: AppProcess) =>
      Promise.all(
        ids.map(async (id) => [await ask(app, 'GET', `/values/${id}`), await ask(app, 'GET', `/values/${id}/history`)]),
      );
    await eventually(async () =>
      expect((await seen(before)).map(([value]) => value?.etag)).toEqual(ids.map(() => '"2"')),
    );
    const then = await seen(before);
    await (await SignedIn.as(before, 'clerk')).post('/accounts/customer/create', seedCustomer).expect(201);
    const source = { DATA_DIR: before.dataDirectory, DATABASE_URL: kafka.settings['DATABASE_URL'] };
    const { KAFKA_BROKERS: brokers = '', KAFKA_TOPIC_PREFIX: prefix = '' } = kafka.settings;
    const copy = () => runHere(source, 'topics', 'copy', '--to-kafka', brokers, '--prefix', prefix);

    expect(await copy()).toMatchObject({ code: 69, told: expect.stringContaining('in use') });
    expect(await before.terminate()).toMatchObject({ code: 0 });
    expect(await copy()).toMatchObject({ code: 0, told: '' });
    expect(await copy()).toMatchObject({ code: 75, told: expect.stringContaining('not new') });

    // What has wrapped the keys of persons goes by hand.
    const DATA_KEY_ENCRYPTION_KEY = readFileSync(join(before.dataDirectory, 'data-key-encryption.key'), 'utf8').trim();
    const after = await kafka.start({ DATA_KEY_ENCRYPTION_KEY });
    await eventually(async () => expect(await seen(after)).toEqual(then), { within: 20_000 });
    const replayed = await ask(after, 'PUT', `/values/${ids[3]}`, { operation: 'ADD', value: 1 }, 'add 3');
    expect(replayed).toMatchObject({ replayed: 'true', etag: '"2"' });
    const reused = await ask(after, 'PUT', `/values/${ids[3]}`, { operation: 'ADD', value: 9 }, 'add 3');
    expect(reused.status).toBe(422);
    const next = await ask(after, 'PUT', `/values/${ids[3]}`, { operation: 'ADD', value: 1 });
    expect(next).toMatchObject({ etag: '"3"' });
    const clerk = await SignedIn.as(after, 'clerk');
    await eventually(() => clerk.get('/accounts/customer/123456').expect(200, shownSeedCustomer));
    const settings = { ...kafka.settings, DATA_KEY_ENCRYPTION_KEY, DATA_DIR: after.dataDirectory };
    const verified = await runHere(settings, 'verify', '--json');
    expect(JSON.parse(verified.output)).toMatchObject({
      count: 0,
      modules: [
        { name: 'accounts', events: 1 },
        { name: 'calculator', events: 25, aggregates: 12 },
        { name: 'orders' },
        { name: 'payments' },
      ],
    });
  });
});
