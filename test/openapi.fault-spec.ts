import { Agent } from 'node:http';
import * as fc from 'fast-check';
import { send } from './support/hostile-client.ts';
import { member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { OpenApi } from './support/openapi.ts';
import { requestsTo } from './support/openapi-requests.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { SignedIn } from './support/signed-in.ts';
import { faultCount } from './support/test-modes.ts';

const senders = 16;
const chunk = 500;
/** Else the requests would say little: they must come far. */
const reached = [
  'POST /values 201',
  'POST /values 202',
  'POST /values 400',
  'PUT /values/{id} 200',
  'PUT /values/{id} 404',
  'PUT /values/{id} 412',
  'GET /values/{id}/changes 200',
  'GET /values/{id}/history 200',
  'GET /commands/{id} 200',
  'PUT /current-user 204',
  'POST /pay 404',
  'POST /request 400',
  'GET /users 200',
  'GET /current-balance 200',
  'GET /activities 200',
  'POST /accounts/customer/create 400',
  'GET /accounts/customers 200',
  'GET /accounts/customer/{id} 404',
  'POST /orders 400',
  'GET /orders/list 200',
  'POST /orders/{orderId}/ship 404',
  'GET /operations/views 200',
  'POST /operations/views/{name}/rebuild 202',
  'GET /operations/dead-letters 200',
  'GET /operations/topics 200',
  'GET /operations/topics/{topic}/records 400',
];

describeModes(
  '/openapi.json',
  ({ startApp }) => {
    const count = faultCount({ small: 1_200, full: 100_000 });

    it(`tells of every status and shape that its routes answer, and fails none: ${count} requests`, async () => {
      const random = SeededRandom.announce(`openapi`);
      const app = await startApp({ LOG_LEVEL: 'error' });
      const headers = { 'content-type': 'application/json', prefer: 'wait=20' };
      const created = await fetch(`${app.url}/values`, { method: 'POST', headers, body: '{"value":1}' });
      const decided: unknown = await created.json();
      const later = await fetch(`${app.url}/values`, {
        method: 'POST',
        headers: { ...headers, prefer: 'respond-async' },
        body: '{"value":1}',
      });
      const user = await SignedIn.as(app, 'fuzz');
      // Whoever is there already is found by what `If-Match` says, too.
      await user.put('/current-user', { name: 'Fuzz', username: 'fuzz' }).expect(204);
      const ids = {
        valueId: String(member(decided, 'id')),
        commandId: String(member(await later.json(), 'commandId')),
        token: String(created.headers.get('consistency-token')),
        adminToken: (await SignedIn.as(app, 'operator', 'admin')).token,
        userToken: user.token,
      };
      const api = await OpenApi.of(app.url);
      // They have more ways to go than reads.
      const commands = api.operations.filter(({ requestBody }) => requestBody !== undefined);
      const wanted = api.operations.filter(({ method, path }) =>
        reached.some((name) => name.startsWith(`${method} ${path} `)),
      );
      const requests = fc
        .constantFrom(...api.operations, ...commands, ...commands, ...wanted, ...wanted)
        .chain((operation) => requestsTo(api, operation, ids).map((request) => ({ operation, request })));

      const agent = new Agent({ keepAlive: true, maxSockets: senders });
      const seen = new Set<string>();
      const missing = (): string[] => reached.filter((name) => !seen.has(name));
      // Chance alone must not decide whether it has come far enough.
      for (let sent = 0; sent < count || (missing().length > 0 && sent < count * 4); sent += chunk) {
        const left = fc.sample(requests, { seed: random.seed + sent, numRuns: chunk });
        await Promise.all(
          Array.from({ length: senders }, async () => {
            for (let next = left.pop(); next !== undefined; next = left.pop()) {
              const { operation, request } = next;
              const answer = await send(app.url, agent, request);
              const wrong = answer === undefined ? ['no answer'] : api.faultsOf(operation, answer);
              if (answer !== undefined && answer.status >= 500 && !isBehind(operation.path, answer.body)) {
                wrong.push(`a ${answer.status}`);
              }
              expect({ request: { ...request, body: String(request.body) }, answer, wrong }).toMatchObject({
                wrong: [],
              });
              seen.add(`${operation.method} ${operation.path} ${answer?.status}`);
            }
          }),
        );
      }
      agent.destroy();
      expect(missing()).toEqual([]);
      expect(app.output).toBe('');
    });
  },
  ['embedded'],
);

/** Whether there is such a command cannot be told before the view has seen all that came before the question. */
function isBehind(path: string, body: string): boolean {
  return path === '/commands/{id}' && member(JSON.parse(body), 'code') === 'VIEW_BEHIND';
}
