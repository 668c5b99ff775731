import { randomUUID } from 'node:crypto';
import type { AppProcess } from './support/app-process.ts';
import { orderOf, plainCustomer, seedCustomer } from './support/customers.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { SignedIn } from './support/signed-in.ts';

describeModes('Orders', ({ startApp }) => {
  let app: AppProcess;
  let clerk: SignedIn;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await startApp();
    [clerk, admin] = await Promise.all([SignedIn.as(app, 'clerk'), SignedIn.as(app, 'officer', 'admin')]);
  }, 60_000);

  const save = (body: object) => clerk.post('/accounts/customer/create', body);
  const documentOf = (id: string) => clerk.get(`/orders/order/${id}`);

  async function place(customerId: string): Promise<{ orderId: string; token: string }> {
    const { body, headers } = await clerk.post('/orders', orderOf(customerId)).expect(201);
    expect(body).toEqual({ orderId: expect.any(String), total: '6400.05' });
    expect(headers).toMatchObject({ etag: '"1"', location: `/orders/${body.orderId}` });
    return { orderId: body.orderId, token: String(headers['consistency-token']) };
  }

  it("answer the seed's own requests for customer 123456", async () => {
    await save(seedCustomer).expect(201);
    const { name, contact, addresses } = seedCustomer;
    const document = { id: '123456', name, contact, addresses, orders: [] };

    await eventually(() => documentOf('123456').expect(200, document));
    const { body } = await clerk.get('/orders/list').expect(200);
    expect(body).toContainEqual(document);
  });

  it('are placed, read, shipped and cancelled', async () => {
    const { orderId, token } = await place('c-1');
    const read = () => clerk.get(`/orders/${orderId}`).set('Consistency-Token', token).expect(200);
    expect((await read()).body).toEqual({
      orderId,
      customerId: 'c-1',
      status: 'placed',
      items: [
        { productId: 'kettle', title: 'Kettle', price: '3200.00', quantity: 2 },
        { productId: 'cup', title: 'Cup', price: '0.05', quantity: 1 },
      ],
      total: '6400.05',
      placedAt: expect.stringMatching(/Z$/),
    });

    const shipped = await clerk.post(`/orders/${orderId}/ship`, {}).expect(200);
    expect(shipped.body).toEqual({ orderId, status: 'shipped' });
    for (const end of ['ship', 'cancel']) {
      const { body } = await clerk.post(`/orders/${orderId}/${end}`, {}).expect(409);
      expect(body).toMatchObject({ code: 'ORDER_CLOSED' });
    }
    const after = await clerk
      .get(`/orders/${orderId}`)
      .set('Consistency-Token', String(shipped.headers['consistency-token']));
    expect(after.body).toMatchObject({ status: 'shipped', total: '6400.05' });
    expect(after.headers['etag']).toBe('"2"');

    const other = await place('c-1');
    await clerk
      .post(`/orders/${other.orderId}/cancel`, {})
      .expect(200, { orderId: other.orderId, status: 'cancelled' });
  });

  it('keep one idempotency key for each order apart', async () => {
    const [one, two] = [await place('c-2'), await place('c-2')];
    for (const { orderId } of [one, two]) {
      await clerk
        .post(`/orders/${orderId}/ship`, {})
        .set('Idempotency-Key', 'ship')
        .expect(200, { orderId, status: 'shipped' });
    }
  });

  it('may come before their customer, and outlive it (G11)', async () => {
    const { orderId, token } = await place('early');
    const before = await documentOf('early').set('Consistency-Token', token).expect(200);
    expect(before.body).toMatchObject({ id: 'early', name: null, contact: null, addresses: [] });
    expect(before.body.orders.map((order: { orderId: string }) => order.orderId)).toEqual([orderId]);

    await save(plainCustomer('early')).expect(201);
    await eventually(async () => expect((await documentOf('early')).body.name).toMatchObject({ firstName: 'Ann' }));
    await save({ ...plainCustomer('early'), addresses: [seedCustomer.addresses[1]] }).expect(200);
    await eventually(async () =>
      expect((await documentOf('early')).body.addresses).toEqual([seedCustomer.addresses[1]]),
    );

    await admin.delete('/accounts/customer/early').expect(204);
    // At once, before the tombstone has come.
    expect((await documentOf('early').expect(200)).body).toEqual(before.body);
    const listed = (await clerk.get('/orders/list').expect(200)).body.find(({ id }: { id: string }) => id === 'early');
    expect(listed).toEqual(before.body);
  });

  it('show who was erased without orders as somebody without a name', async () => {
    await save(plainCustomer('gone')).expect(201);
    await eventually(() => documentOf('gone').expect(200));
    await admin.delete('/accounts/customer/gone').expect(204);
    const nothing = { id: 'gone', name: null, contact: null, addresses: [], orders: [] };
    await documentOf('gone').expect(200, nothing);
    await eventually(async () => {
      const { body } = await clerk.get('/orders/list').expect(200);
      expect(body.map(({ id }: { id: string }) => id)).not.toContain('gone');
    });
    await documentOf('gone').expect(200, nothing);
  });

  it('are listed by customer, in pages', async () => {
    const first = await clerk.get('/orders/list?limit=1').expect(200);
    const next = /<([^>]+)>/.exec(first.headers['link'] ?? '')?.[1];
    const second = await clerk.get(String(next)).expect(200);
    expect(first.body).toHaveLength(1);
    expect(first.body[0].id < second.body[0].id).toBe(true);
  });

  it('tell what is not there', async () => {
    expect((await documentOf('nobody').expect(404)).body.code).toBe('CUSTOMER_NOT_FOUND');
    const unknown = randomUUID();
    expect((await clerk.get(`/orders/${unknown}`).expect(404)).body.code).toBe('ORDER_NOT_FOUND');
    expect((await clerk.post(`/orders/${unknown}/ship`, {}).expect(404)).body.code).toBe('ORDER_NOT_FOUND');
    await clerk.get('/orders/no-uuid').expect(400);
  });

  const [line] = orderOf('c').items;
  it.each([
    ['no line', { items: [] }],
    ['501 lines', { items: Array.from({ length: 501 }, () => line) }],
    ['quantity 0', { items: [{ ...line, quantity: 0 }] }],
    ['quantity 10,001', { items: [{ ...line, quantity: 10_001 }] }],
    ['half of a thing', { items: [{ ...line, quantity: 0.5 }] }],
    ['a quantity in a text', { items: [{ ...line, quantity: '2' }] }],
    ['a negative price', { items: [{ ...line, price: -1 }] }],
    ['three decimals', { items: [{ ...line, price: '1.001' }] }],
    ['a price too high', { items: [{ ...line, price: 100_000_000 }] }],
    ['no price', { items: [{ ...line, price: null }] }],
    ['an empty title', { items: [{ ...line, title: '' }] }],
    ['a product id with a slash', { items: [{ ...line, productId: 'a/b' }] }],
    ['no customer', { customerId: undefined }],
    ['a total of its own', { total: '1.00' }],
  ])('refuse %s', async (_name, fault) => {
    await clerk.post('/orders', { ...orderOf('c'), ...fault }).expect(400);
  });

  it('take what lies on the bounds', async () => {
    const items = Array.from({ length: 500 }, () => ({ ...line, price: '99999999.99', quantity: 10_000 }));
    const { body } = await clerk.post('/orders', { customerId: 7, items }).expect(201);
    expect(body.total).toBe('499999999950000.00');
    await clerk.post('/orders', { customerId: 7, items: [{ ...line, price: 0 }] }).expect(201);
  });
});
