import type { AppProcess } from './support/app-process.ts';
import { describeModes } from './support/modes.ts';
import { OpenApi } from './support/openapi.ts';
import { Payer } from './support/payments.ts';
import { SignedIn } from './support/signed-in.ts';
import { wantedAccess } from './support/wanted-access.ts';

/** What everybody with the scope may see and do, whoever made it. */
const shared = [
  'GET /users',
  'GET /activities',
  'GET /total-transactions',
  'GET /average-transactions',
  'POST /values',
  'PUT /values/{id}',
  'GET /values/{id}',
  'GET /values/{id}/history',
  'GET /values/{id}/changes',
  // Accounts and orders are the back office: their scopes see all customers.
  'POST /accounts/customer/create',
  'GET /accounts/customer/{id}',
  'GET /accounts/customers',
  'GET /accounts/customer/{id}/history',
  'POST /orders',
  'GET /orders/list',
  'GET /orders/order/{customerId}',
  'GET /orders/{orderId}',
  'POST /orders/{orderId}/cancel',
  'POST /orders/{orderId}/ship',
];
/** What is always about the caller: there is no id by which to ask for another's. */
const ofTheCaller = ['PUT /current-user', 'POST /pay', 'POST /request'];
/** What shows rows of the caller's alone; streams, where they are streamed. */
const rowsOfTheCaller = [
  'GET /current-payment-requests',
  'GET /payment-requests',
  'GET /current-balance',
  'GET /balance-histories',
];
/** What is asked for by an id, and who owns it. */
const byId = ['GET /commands/{id}', 'GET /payment-requests/{id}', 'DELETE /payment-requests/{id}'];
const forOperators = (access: string | undefined): boolean => access === 'public' || access === 'admin';

describeModes(
  "A user's own data",
  ({ startApp }) => {
    let app: AppProcess;
    let alice: Payer;
    let bob: Payer;
    let stranger: SignedIn;
    const ids: Record<string, string> = {};

    beforeAll(async () => {
      app = await startApp();
      [alice, bob] = await Promise.all([Payer.register(app, 'Alice'), Payer.register(app, 'Bob')]);
      stranger = await SignedIn.as(app);
      const paid = await alice.pay(bob, 1).set('Prefer', 'respond-async').expect(202);
      ids['/commands/{id}'] = paid.body.commandId;
      ids['/payment-requests/{id}'] = await bob.ask(alice, 2);
      await bob.has(101);
    }, 60_000);

    it('is behind routes that are all listed here (G13)', async () => {
      const listed = [...shared, ...ofTheCaller, ...rowsOfTheCaller, ...byId];
      const found = (await OpenApi.of(app.url)).operations.map(({ method, path }) => `${method} ${path}`);
      const wanted = found.filter((route) => Object.hasOwn(wantedAccess, route) && !forOperators(wantedAccess[route]));

      expect(wanted.sort()).toEqual(listed.sort());
    });

    it.each(byId)('is not found by another: %s', async (route) => {
      const [method = '', path = ''] = route.split(' ');
      const url = path.replace('{id}', ids[path] ?? '');
      const unknown = path.replace('{id}', '2753b941-eb10-497c-b58c-2b3dec1eeeef');
      const ask = (at: string) => (method === 'DELETE' ? stranger.delete(at) : stranger.get(at)).expect(404);
      const [answer, nothing] = [await ask(url), await ask(unknown)];

      // It does not even tell whether there is such a thing.
      expect({ ...answer.body, instance: '', correlationId: '' }).toEqual({
        ...nothing.body,
        instance: '',
        correlationId: '',
      });
      await alice.caller.get(url).expect(200);
    });

    it.each(rowsOfTheCaller)('is not among the rows of another: %s', async (route) => {
      const path = route.split(' ')[1] ?? '';
      const { body } = await stranger.get(path).set('Accept', 'application/json').expect(200);
      expect(body).toEqual([]);
      if (path === '/current-payment-requests') return;
      const stream = await stranger.stream(path);
      expect(await stream.untilCaughtUp()).toEqual([]);
      stream.close();
    });
  },
  ['embedded'],
);
