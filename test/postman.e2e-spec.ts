import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { runToEnd } from '../scripts/process/run-to-end.ts';
import type { AppProcess } from './support/app-process.ts';
import { describeModes } from './support/modes.ts';
import { OpenApi } from './support/openapi.ts';
import {
  collectionText,
  definedVariables,
  differences,
  requestsOf,
  runCollection,
  usedVariables,
} from './support/postman.ts';

/** Documents for everybody, which `/openapi.json` does not describe. */
const beside = ['/', '/openapi.json', '/docs', '/docs/problems/{code}'].map((path) => ({ method: 'GET', path }));
const runs = 2;
/** Of one run; it has some 340. A collection that lost its scripts would pass otherwise. */
const assertionsMin = 300;

/** With the port of `npm start`. */
const documentedUrl = 'http://localhost:3000';
const readme = readFileSync(join(repositoryRoot(), 'README.md'), 'utf8');
const collection = collectionText();
const requests = requestsOf(collection);

describeModes('the Postman collection', ({ startApp }) => {
  let app: AppProcess;

  beforeAll(async () => {
    app = await startApp();
  }, 60_000);

  it('runs from top to bottom, more than once on one process, and every assertion holds', async () => {
    const { failures, assertions, sent } = await runCollection(app.url, runs);

    expect(failures).toEqual([]);
    expect(assertions).toBeGreaterThan(runs * assertionsMin);
    expect([...sent]).toEqual(requests.map(({ name }) => name));
  }, 120_000);

  it('is run by the line of the README', async () => {
    const line = /^npx newman run .+$/m.exec(readme)?.[0] ?? '';
    expect(line).toContain(documentedUrl);
    const command = `${line.replace(documentedUrl, app.url)} --folder Tokens`;

    expect(await runToEnd('bash', ['-c', command], { cwd: repositoryRoot() })).toContain('200 with JSON');
  });

  it('asks for every route of /openapi.json, and for nothing else', async () => {
    const { operations } = await OpenApi.of(app.url);

    expect(differences(requests, [...operations, ...beside])).toEqual([]);
  });
});

describe('the Postman collection', () => {
  it('checks every answer, and describes every request', () => {
    expect(requests.filter(({ test }) => !test.includes('pm.test(')).map(({ name }) => name)).toEqual([]);
    expect(requests.filter(({ description }) => description === '').map(({ name }) => name)).toEqual([]);
  });

  it('names its requests each by a name of its own', () => {
    const names = requests.map(({ name }) => name);

    expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  });

  it('uses the variables of its environment, and all of them', () => {
    expect(usedVariables(collection).sort()).toEqual(definedVariables().sort());
  });
});

describe('the checks of the Postman collection', () => {
  const made = (name: string, method: string, path: string, exec: string[] = []): object => ({
    name,
    event: [{ listen: 'test', script: { exec } }],
    request: {
      method,
      url: { raw: `{{baseUrl}}${path}`, host: ['{{baseUrl}}'], path: path.split('/').slice(1) },
      description: '',
    },
  });
  const small = JSON.stringify({
    item: [
      { item: [made('One', 'GET', '/orders/{{orderId}}')] },
      made('All', 'GET', '/orders/list', ["pm.environment.set('first', pm.environment.get('last'));"]),
      made('Gone', 'POST', '/orders/{{$guid}}/undo', ["pm.test('is well', () => {});"]),
    ],
  });
  const routes = [
    { method: 'GET', path: '/orders/{id}' },
    { method: 'GET', path: '/orders/list' },
    { method: 'DELETE', path: '/orders/{id}' },
  ];

  it('see a route that no request asks for, and a request that asks for no route', () => {
    expect(differences(requestsOf(small), routes)).toEqual([
      'no request asks for DELETE /orders/{id}',
      '"Gone" asks for POST {{baseUrl}}/orders/{{$guid}}/undo, which is no route',
    ]);
    expect(differences(requestsOf(small).slice(0, 1), routes.slice(0, 2))).toEqual([
      'no request asks for GET /orders/list',
    ]);
  });

  it('see an address that is shown otherwise than it is sent', () => {
    expect(() => requestsOf(small.replace('"path":["orders","list"]', '"path":["orders"]'))).toThrow(
      'raw says otherwise than the parts',
    );
  });

  it('see which requests check nothing, and which variables are used', () => {
    expect(requestsOf(small).map(({ test }) => test.includes('pm.test('))).toEqual([false, false, true]);
    expect(usedVariables(small)).toEqual(['baseUrl', 'orderId', 'first', 'last']);
  });
});
