import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AppProcess, Settings } from './app-process.ts';
import type { AppSite } from './app-site.ts';
import { eventually } from './eventually.ts';
import { EventStream } from './event-stream.ts';
import { member } from './ledger-of-attempts.ts';
import { ask, type Told } from './sign-in.ts';

const withinMs = 20_000;

/** Starts one process for each environment at once, each with a directory and a port of its own, as pods and containers have. */
export async function startTogether(
  site: AppSite,
  environments: Readonly<Record<string, Settings>>,
): Promise<Map<string, AppProcess>> {
  const started = Object.entries(environments).map(async ([name, environment]) => {
    const own = { DATA_DIR: join(site.directory, name, 'data'), PORT: undefined };
    return [name, await site.start({ ...environment, ...own })] as const;
  });
  return new Map(await Promise.all(started));
}

/**
 * Sends commands of every module, reads their views and their outcomes, and watches a stream, all as with one process.
 * @param url of the process that is the API
 * @param tokenOf gives a token with every scope
 */
export async function useEveryModule(url: string, tokenOf: (user: string) => Promise<string>): Promise<void> {
  const [alice, bob] = await Promise.all([tokenOf('alice'), tokenOf('bob')]);
  await useCalculator(url, alice);
  await usePayments(url, alice, bob);
  await useAccountsAndOrders(url, alice);
}

async function useCalculator(url: string, token: string): Promise<void> {
  const created = await send(url, 'POST /values', { value: 2 }, token, 'wait=20');
  expect(created).toMatchObject({ status: 201, body: { value: 2 } });
  const path = `/values/${String(member(created.body, 'id'))}`;
  const shows = async (value: number, after: Told): Promise<void> => {
    const headers = { 'consistency-token': after.headers.get('consistency-token') ?? '' };
    const read = await ask(url + path, token, { headers });
    expect(read).toMatchObject({ status: 200, body: { value } });
    expect(read.headers.get('consistency')).toBe('exact');
  };
  await shows(2, created);
  const stream = await EventStream.open(`${url}${path}/changes`, { headers: { authorization: `Bearer ${token}` } });
  await shows(5, await send(url, `PUT ${path}`, { operation: 'ADD', value: 3 }, token, 'wait=20'));
  await stream.until(({ data }) => data.includes('"value":5'), { within: withinMs });
  stream.close();

  const later = await send(url, `PUT ${path}`, { operation: 'ADD', value: 1 }, token, 'respond-async');
  await shows(6, later);
  await isAccepted(url, later, token);
}

async function usePayments(url: string, alice: string, bob: string): Promise<void> {
  for (const [name, token] of [['Alice', alice] as const, ['Bob', bob] as const]) {
    const user = { name, username: name.toLowerCase() };
    await isAccepted(url, await send(url, 'PUT /current-user', user, token, 'respond-async'), token);
  }
  const paid = await send(url, 'POST /pay', { userId: 'bob', amount: 12.5 }, alice, 'wait=20');
  expect(paid).toMatchObject({ status: 200 });
  const balances = () =>
    Promise.all([alice, bob].map(async (token) => (await ask(`${url}/current-balance`, token)).body));
  // The second leg is decided after the answer to the first.
  await eventually(async () => expect(await balances()).toMatchObject([[{ balance: 87.5 }], [{ balance: 112.5 }]]), {
    within: withinMs,
  });
}

/** Orders learn of a customer by what accounts publish: the workers of two modules work together. */
async function useAccountsAndOrders(url: string, token: string): Promise<void> {
  const customer = {
    id: `customer-${randomUUID()}`,
    name: { firstName: 'Ada', lastName: 'Byron' },
    contact: { primaryPhone: '555-0100', email: 'ada@example.com' },
  };
  const created = await send(url, 'POST /accounts/customer/create', customer, token, 'wait=20');
  expect(created).toMatchObject({ status: 201, body: { id: customer.id, created: true } });
  await eventually(
    async () => {
      const document = await ask(`${url}/orders/order/${customer.id}`, token);
      expect(document).toMatchObject({
        status: 200,
        body: { id: customer.id, name: { lastName: 'Byron' }, orders: [] },
      });
    },
    { within: withinMs },
  );
}

/** Of a command whose answer did not wait for its decision. */
async function isAccepted(url: string, answer: Told, token: string): Promise<void> {
  expect(answer.status).toBe(202);
  const commandId = member(answer.body, 'commandId');
  await eventually(
    async () => {
      const outcome = await ask(`${url}/commands/${String(commandId)}`, token);
      expect(outcome.body).toMatchObject({ commandId, status: 'accepted' });
    },
    { within: withinMs },
  );
}

/** @param route method and path */
function send(url: string, route: string, body: object, token: string, prefer: string): Promise<Told> {
  const [method = '', path = ''] = route.split(' ');
  return ask(url + path, token, { method, body, headers: { prefer } });
}
