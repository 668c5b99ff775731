import { rmSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { AppProcess } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { everyByte, findTexts } from './support/byte-hunt.ts';
import { eventually } from './support/eventually.ts';
import { emailOf, markedCustomer, useCustomers, type MarkedCustomer } from './support/marked-customers.ts';
import { describeModes } from './support/modes.ts';
import { SignedIn } from './support/signed-in.ts';
import { faultCount } from './support/test-modes.ts';

const count = faultCount({ small: 20, full: 1_000 });
const erasedCount = count / 10;
const views = ['accounts.customer', 'accounts.customer-history', 'orders.documents'];
/** Not by chance in any ciphertext: base64url has no tilde. */
const mark = 'zq~j';

/** Everything that may be read of one customer. */
interface Answers {
  readonly status: number;
  readonly etag: string | undefined;
  readonly customer: unknown;
  readonly history: readonly { readonly event: string }[];
  readonly found: readonly unknown[];
  readonly order: {
    readonly name: unknown;
    readonly addresses: readonly unknown[];
    readonly orders: readonly unknown[];
  };
}

describeModes('Personal data', ({ newSite }) => {
  let site: AppSite;
  let app: AppProcess;
  let clerk: SignedIn;
  let admin: SignedIn;
  const customers = Array.from({ length: count }, (_, at) => markedCustomer(mark, at));
  const [erased, kept] = [customers.slice(0, erasedCount), customers.slice(erasedCount)];

  beforeAll(async () => {
    site = await newSite();
    app = await site.start({ LOG_LEVEL: 'trace' });
    [clerk, admin] = await Promise.all([SignedIn.as(app, 'clerk'), SignedIn.as(app, 'officer', 'admin read:accounts')]);
  });

  const secretsOf = (those: readonly MarkedCustomer[]): string[] => [mark, ...those.flatMap(({ cards }) => cards)];

  async function readAll(those: readonly MarkedCustomer[]): Promise<Answers[]> {
    const answers: Answers[] = [];
    for (const { id, document } of those) {
      const query = encodeURIComponent(emailOf(document));
      const [customer, history, found, order] = [
        await clerk.get(`/accounts/customer/${id}`),
        await clerk.get(`/accounts/customer/${id}/history`),
        await clerk.get(`/accounts/customers?email=${query}`),
        await clerk.get(`/orders/order/${id}`),
      ];
      answers.push({
        status: customer.status,
        etag: customer.headers['etag'],
        customer: { ...customer.body, correlationId: '' },
        history: history.body,
        found: found.body,
        order: order.body,
      });
    }
    return answers;
  }

  async function rebuildAll(): Promise<void> {
    for (const view of views) {
      const generation = async (): Promise<number> => {
        const { body } = await admin.get('/operations/views').expect(200);
        return body.find(({ name }: { name: string }) => name === view).generation;
      };
      const before = await generation();
      await admin.post(`/operations/views/${view}/rebuild`, {}).expect(202);
      await eventually(async () => expect(await generation()).toBe(before + 1), { within: 60_000 });
    }
  }

  /** As an operator who has lost the views: the log and the keys are all there is. */
  async function startWithoutViews(): Promise<void> {
    await app.terminate();
    const { DATABASE_URL } = site.settings;
    for (const name of readdirSync(app.dataDirectory)) {
      if (/^(views|state)\.db/.test(name)) rmSync(join(app.dataDirectory, name));
    }
    if (DATABASE_URL !== undefined) {
      const client = new Client({ connectionString: DATABASE_URL });
      await client.connect();
      await client.query('drop schema views cascade');
      await client.end();
    }
    await app.restart();
  }

  it(`is nowhere in clear but where an authorised read shows it (G11): ${count} customers`, async () => {
    await useCustomers(clerk, customers);
    const last = customers.at(-1)?.id ?? '';
    await eventually(async () => expect((await clerk.get(`/orders/order/${last}`)).body.addresses).toHaveLength(2));
    expect(JSON.stringify(await readAll(customers))).toContain(`${mark}0xfirst`);

    const places = await everyByte(site, app, admin);
    // The hunt sees what is there: ids and titles are in clear, in the log and in the views.
    expect(findTexts(places, [last]).length).toBeGreaterThanOrEqual(4);
    expect(findTexts(places, secretsOf(customers))).toEqual([]);
  });

  it(`is forgotten of who is erased, and of nobody else (G11): ${erasedCount} of them`, async () => {
    const [before, known] = [await readAll(kept), await readAll(erased)];
    for (const { id } of erased) await admin.delete(`/accounts/customer/${id}`).expect(204);
    const gone = await readAll(erased);
    expect(JSON.stringify(gone)).not.toContain(mark);
    expect(gone.map(({ status, found, order }) => ({ status, found, ...order }))).toEqual(
      erased.map(({ id }, at) => {
        const { orders } = known[at]?.order ?? { orders: [] };
        return { status: 410, found: [], id, name: null, contact: null, addresses: [], orders };
      }),
    );
    await rebuildAll();
    expect(await readAll(kept)).toEqual(before);

    await startWithoutViews();
    await eventually(async () => expect(await readAll(kept)).toEqual(before), { within: 60_000 });
    const after = await readAll(erased);
    expect(after.map(({ history }) => history.map(({ event }) => event).slice(0, -1))).toEqual(
      known.map(({ history }) => history.map(({ event }) => event)),
    );
    expect(after.map(({ order, status, found }) => ({ order, status, found }))).toEqual(
      gone.map(({ order, status, found }) => ({ order, status, found })),
    );
    expect(findTexts(await everyByte(site, app, admin), secretsOf(customers))).toEqual([]);
  });
});
