import { join } from 'node:path';
import { Client } from 'pg';
import type { AppProcess } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { orderOf, plainCustomer, seedCustomer } from './support/customers.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { openLog } from './support/raw-log.ts';
import { SignedIn } from './support/signed-in.ts';

describeModes(
  'Accounts and orders in processes of their own',
  ({ newSite }) => {
    let site: AppSite;
    let accounts: AppProcess;
    let orders: AppProcess;
    let accountant: SignedIn;
    let clerk: SignedIn;
    let admin: SignedIn;

    beforeAll(async () => {
      site = await newSite();
      const settings = { KAFKA_SESSION_TIMEOUT_MS: '2000' };
      // Orders come up first: who follows a topic does not wait for who writes it.
      orders = await site.start({ ...settings, MODULES: 'orders' });
      accounts = await site.start({ ...settings, MODULES: 'accounts' });
      [accountant, clerk, admin] = await Promise.all([
        SignedIn.as(accounts, 'accountant'),
        SignedIn.as(orders, 'clerk'),
        SignedIn.as(accounts, 'officer', 'admin'),
      ]);
    }, 60_000);

    const save = (body: object) => accountant.post('/accounts/customer/create', body);
    const documentOf = (id: string) => clerk.get(`/orders/order/${id}`);
    const place = async (id: string): Promise<string> =>
      (await clerk.post('/orders', orderOf(id)).expect(201)).body.orderId;

    it('serve the routes of their own modules alone', async () => {
      await accountant.get('/orders/list').expect(404);
      await clerk.get('/accounts/customers').expect(404);
    });

    it('carry a customer from one to the other, and every change', async () => {
      await save(seedCustomer).expect(201);
      const { name, contact, addresses } = seedCustomer;
      await eventually(() => documentOf('123456').expect(200, { id: '123456', name, contact, addresses, orders: [] }));

      const moved = { ...seedCustomer, addresses: [{ ...seedCustomer.addresses[0], city: 'Moonrise' }] };
      await save(moved).expect(200);
      await eventually(async () => expect((await documentOf('123456')).body.addresses).toEqual(moved.addresses));
    });

    it('leave orders at work while accounts is stopped, and bring what was missed', async () => {
      await save(plainCustomer('before')).expect(201);
      await eventually(() => documentOf('before').expect(200));
      await accounts.kill9();

      const [known, unknown] = [await place('before'), await place('later')];
      await clerk.post(`/orders/${known}/ship`, {}).expect(200);
      await eventually(async () =>
        expect((await documentOf('before')).body).toMatchObject({
          name: { firstName: 'Ann' },
          orders: [{ orderId: known, status: 'shipped' }],
        }),
      );
      await eventually(async () =>
        expect((await documentOf('later')).body).toMatchObject({ name: null, orders: [{ orderId: unknown }] }),
      );

      await accounts.restart();
      await save(plainCustomer('later')).expect(201);
      await eventually(async () =>
        expect((await documentOf('later')).body).toMatchObject({
          name: { firstName: 'Ann' },
          orders: [{ orderId: unknown }],
        }),
      );
    });

    it('forget who is erased in both at once (G11)', async () => {
      await save(plainCustomer('gone')).expect(201);
      const orderId = await place('gone');
      await eventually(async () =>
        expect((await documentOf('gone')).body).toMatchObject({ name: { firstName: 'Ann' }, orders: [{ orderId }] }),
      );
      await admin.delete('/accounts/customer/gone').expect(204);
      expect((await documentOf('gone').expect(200)).body).toMatchObject({
        name: null,
        contact: null,
        addresses: [],
        orders: [{ orderId, total: '6400.05' }],
      });
    });

    it('park what cannot be read of a customer, and hear of all others (G9)', async () => {
      const log = await openLog(site, join(orders.dataDirectory, 'beside'));
      const [topic] = await log.find(['accounts.customer.change']);
      if (topic === undefined) throw new Error('nobody has made the topic');
      await log.append([{ topic: topic.name, key: 'poison', value: '{"id":', headers: {} }]);
      await log.close();

      const operator = await SignedIn.as(orders, 'operator', 'admin');
      await eventually(async () => {
        const { body } = await operator.get('/operations/dead-letters').expect(200);
        expect(body).toMatchObject([{ consumer: 'orders.documents', topic: topic.name, key: 'poison' }]);
      });
      for (let at = 0; at < 8; at++) await save(plainCustomer(`after-${at}`)).expect(201);
      for (let at = 0; at < 8; at++) await eventually(() => documentOf(`after-${at}`).expect(200));
    });

    it('destroy the key before they answer, where nobody else would (G11)', async () => {
      const other = await newSite();
      const lonely = await other.start({ MODULES: 'accounts', ROLES: 'api,processor,projector' });
      const officer = await SignedIn.as(lonely, 'officer', 'admin write:accounts');
      await officer.post('/accounts/customer/create', plainCustomer('ann')).expect(201);
      await officer.post('/accounts/customer/create', plainCustomer('bob')).expect(201);
      await officer.delete('/accounts/customer/ann').expect(204);

      const client = new Client({ connectionString: String(other.settings['DATABASE_URL']) });
      await client.connect();
      const sql = 'select person, wrapped is null as destroyed from keys.data_keys order by person';
      const { rows } = await client.query<{ person: string; destroyed: boolean }>(sql);
      await client.end();
      expect(rows.map(({ person, destroyed }) => [person, destroyed])).toEqual([
        ['ann', true],
        ['bob', false],
      ]);
    });

    it('finish an erasure whose process is killed before it has destroyed the key (G11)', async () => {
      await save(plainCustomer('killed')).expect(201);
      await eventually(async () => expect((await documentOf('killed')).body.name).not.toBeNull());
      // Answered before it is decided: nobody but the eraser destroys the key.
      await admin.delete('/accounts/customer/killed').set('Prefer', 'respond-async').expect(202);
      await accounts.kill9();
      await accounts.restart();
      await eventually(async () => expect((await documentOf('killed').expect(200)).body.name).toBeNull(), {
        within: 20_000,
      });
      await save(plainCustomer('killed')).expect(410);
    });
  },
  ['kafka'],
);
