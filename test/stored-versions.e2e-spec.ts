import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import request from 'supertest';
import { decodeEvent } from '../src/platform/log/envelope';
import type { NewRecord } from '../src/platform/log/log.port';
import { valueEvents } from '../src/modules/calculator/contracts';
import type { AppProcess } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { calculatorTopics, openLog, readRawLog } from './support/raw-log.ts';
import stored from './fixtures/calculator-log-of-version-1.json';

const EVENTS = 'calculator.events';
/** Created as 2, then + 2, then × 3. */
const TWELVE = 'b497655c-bec9-5e30-b007-550c75f64bde';
/** Created as 0.1, then + 0.2. */
const DECIMAL = '4cb12ee7-ec0c-5417-af94-5a14bcffc300';
/** Created as -1.5. */
const ALONE = 'bbbd0e4f-613d-5750-9d10-f9e6569fd4ab';

describeModes('A log written before ValueCreated had its second version', ({ newSite }) => {
  it('is opened by the code of today: views, histories and state are right', async () => {
    const site = await siteWith(stored, newSite);
    const app = await site.start();

    await expectValues(app);
    await expectNextSteps(app);
    await app.terminate();

    const { events } = await readRawLog(site, app);
    const createdAs = events
      .filter(({ headers }) => headers['ce_type'] === 'ValueCreated')
      .map(({ headers, value }) => [headers['schema-version'], value]);
    expect(createdAs).toEqual(expect.arrayContaining([['1', '{"value":2}']]));
    expect(createdAs.filter(([version]) => version === '1')).toHaveLength(3);
    expect(createdAs).toContainEqual(['2', '{"operand":7,"result":7}']);
    for (const record of events) expect(decodeEvent(valueEvents, record).data).toHaveProperty('result');
  });

  it('gives the same state when all of it is folded anew from the events', async () => {
    // A changelog of another state version is worth nothing: only the events are left, and every fold goes through the upcaster.
    const refolded = stored.map((record) => ({ ...record, value: ofEarlierShape(record.value) }));
    const site = await siteWith(refolded, newSite);
    const app = await site.start();

    await expectNextSteps(app);
  });
});

/** A folded state as an earlier shape of it would stand in the changelog; other records as they are. */
function ofEarlierShape(value: string): string {
  return value.replace(/"stateVersion":1(.*)"state":\{.*?\}/, '"stateVersion":0$1"state":{"number":0}');
}

async function siteWith(records: readonly NewRecord[], newSite: () => Promise<AppSite>): Promise<AppSite> {
  const site = await newSite();
  const dataDirectory = join(site.directory, 'data');
  await mkdir(dataDirectory, { mode: 0o700 });
  const log = await openLog(site, dataDirectory);
  try {
    await log.ensureTopics(calculatorTopics);
    for (const record of records) await log.append([record]);
    const partitions = new Set(records.filter(({ topic }) => topic === EVENTS).map(({ partition }) => partition));
    expect(partitions.size).toBeGreaterThan(1);
  } finally {
    await log.close();
  }
  return site;
}

/** Nothing has been written since the start, so there is no token to wait by: the views are asked until they are level. */
async function expectValues(app: AppProcess): Promise<void> {
  const http = request(app.url);
  for (const [id, value, version] of [
    [TWELVE, 12, 3],
    [DECIMAL, 0.30000000000000004, 2],
    [ALONE, -1.5, 1],
  ] as const) {
    await eventually(async () => {
      const { body, headers } = await http.get(`/values/${id}`).expect(200);
      expect({ body, etag: headers['etag'] }).toEqual({ body: { value }, etag: `"${version}"` });
    });
    await eventually(async () => {
      const changes = await http.get(`/values/${id}/changes`).set('Accept', 'application/json').expect(200);
      expect(changes.body).toHaveLength(version);
      expect(changes.body.at(-1)).toMatchObject({ value, version });
    });
  }
  const { body } = await http.get(`/values/${TWELVE}/history`).expect(200);
  expect(body).toEqual([
    { operation: 'CREATE', operand: 2, result: 2, version: 1, at: '2026-11-21T17:07:44.156Z' },
    { operation: 'ADD', operand: 2, result: 4, version: 2, at: '2026-11-21T17:07:44.184Z' },
    { operation: 'MULTIPLY', operand: 3, result: 12, version: 3, at: '2026-11-21T17:07:44.189Z' },
  ]);
}

/** Decides on the state that the start has restored, and goes on with its versions. */
async function expectNextSteps(app: AppProcess): Promise<void> {
  const http = request(app.url);
  for (const [id, operand, result, version] of [
    [TWELVE, 1, 13, 4],
    [DECIMAL, 1, 1.3, 3],
    [ALONE, 1, -0.5, 2],
  ] as const) {
    const answer = await http
      .put(`/values/${id}`)
      .set('Prefer', 'wait=10')
      .send({ operation: 'ADD', value: operand })
      .expect(200, { value: result });
    expect(answer.headers['etag']).toBe(`"${version}"`);
    const token = answer.headers['consistency-token'] ?? '';
    await http.get(`/values/${id}`).set('Consistency-Token', token).expect(200, { value: result });
  }
  await http.post('/values').set('Prefer', 'wait=10').send({ value: 7 }).expect(201);
}
