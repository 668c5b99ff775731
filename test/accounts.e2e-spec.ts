import type { AppProcess } from './support/app-process.ts';
import { plainCustomer, seedCustomer, shownSeedCustomer } from './support/customers.ts';
import { describeModes } from './support/modes.ts';
import { SignedIn } from './support/signed-in.ts';

const CREATE = '/accounts/customer/create';

describeModes('Accounts', ({ startApp }) => {
  let app: AppProcess;
  let clerk: SignedIn;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await startApp();
    [clerk, admin] = await Promise.all([SignedIn.as(app, 'clerk'), SignedIn.as(app, 'officer', 'admin read:accounts')]);
  }, 60_000);

  async function read(id: string, token: string | undefined, by = clerk) {
    return by.get(`/accounts/customer/${id}`).set('Consistency-Token', String(token));
  }

  async function saved(body: object): Promise<string> {
    const answer = await clerk.post(CREATE, body);
    expect(answer.status).toBeLessThan(300);
    return String(answer.headers['consistency-token']);
  }

  it("take the seed's own request, and show the customer with masked cards", async () => {
    const answer = await clerk.post(CREATE, seedCustomer).expect(201);
    expect(answer.body).toEqual({ id: '123456', version: 1, created: true });
    expect(answer.headers).toMatchObject({ etag: '"1"', location: '/accounts/customer/123456' });

    const shown = await read('123456', answer.headers['consistency-token']);
    expect(shown.status).toBe(200);
    expect(shown.headers['etag']).toBe('"1"');
    expect(shown.body).toEqual(shownSeedCustomer);
  });

  it('replace the whole document, and write nothing when nothing is other', async () => {
    await saved({ ...seedCustomer, id: 'changing' });
    const same = await clerk.post(CREATE, { ...seedCustomer, id: 'changing' }).expect(200);
    expect(same.body).toEqual({ id: 'changing', version: 1, created: false });

    const { addresses: _addresses, ...less } = seedCustomer;
    const contact = { ...seedCustomer.contact, email: 'other@example.com' };
    const changed = await clerk.post(CREATE, { ...less, id: 'changing', contact }).expect(200);
    expect(changed.body).toEqual({ id: 'changing', version: 2, created: false });
    const token = String(changed.headers['consistency-token']);
    expect((await read('changing', token)).body).toMatchObject({ contact, addresses: [] });

    const history = await clerk.get('/accounts/customer/changing/history').set('Consistency-Token', token).expect(200);
    expect(history.body).toEqual([
      expect.objectContaining({ version: 1, event: 'CustomerCreated', by: 'clerk' }),
      {
        version: 2,
        event: 'CustomerChanged',
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        by: 'clerk',
        changed: [
          'contact.email',
          ...['type', 'description', 'address1', 'city', 'state', 'postalCode'].flatMap((leaf) => [
            `addresses[0].${leaf}`,
          ]),
        ].concat(
          ['type', 'description', 'address1', 'city', 'state', 'postalCode'].map((leaf) => `addresses[1].${leaf}`),
        ),
      },
    ]);
  });

  it('recognise the same card by its hash, and another with the same last digits as other', async () => {
    const card = { type: 'PRIMARY', number: '4111 1111 1111 1234', expiration: '06/30', nameOnCard: 'Ann' };
    await saved({ ...plainCustomer('cards'), creditCards: [card] });
    const again = [{ ...card, number: '4111111111111234' }];
    await clerk.post(CREATE, { ...plainCustomer('cards'), creditCards: again }).expect(200, {
      version: 1,
      id: 'cards',
      created: false,
    });
    const other = await clerk.post(CREATE, {
      ...plainCustomer('cards'),
      creditCards: [{ ...card, number: '4999 1111 1111 1234' }],
    });
    expect(other.body).toMatchObject({ version: 2 });
    const { body } = await clerk
      .get('/accounts/customer/cards/history')
      .set('Consistency-Token', String(other.headers['consistency-token']));
    expect(body[1].changed).toEqual(['creditCards[0].number']);
  });

  it('make an id when there is none, the same for every attempt with one key', async () => {
    const { id: _id, ...unnamed } = plainCustomer('x');
    const ask = () => clerk.post(CREATE, unnamed).set('Idempotency-Key', 'unnamed').expect(201);
    const [first, second] = [await ask(), await ask()];

    expect(first.body.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it('decide only at the version that If-Match names', async () => {
    await saved(plainCustomer('versions'));
    const changed = { ...plainCustomer('versions'), name: { firstName: 'Eve', lastName: 'Lee' } };
    await clerk.post(CREATE, changed).set('If-Match', '"7"').expect(412);
    await clerk.post(CREATE, changed).set('If-Match', '"1"').expect(200);
  });

  it('list customers by id in pages, and find them by exact e-mail address', async () => {
    const ids = ['page-1', 'page-2', 'page-3'];
    let token = '';
    for (const id of ids) token = await saved(plainCustomer(id, 'shared@example.com'));
    const page = async (path: string) => {
      const { body, headers } = await clerk.get(path).set('Consistency-Token', token).expect(200);
      return { ids: body.map(({ id }: { id: string }) => id), next: /<([^>]+)>/.exec(headers['link'] ?? '')?.[1] };
    };
    const first = await page('/accounts/customers?email=shared@example.com&limit=2');
    expect(first.ids).toEqual(ids.slice(0, 2));
    expect((await page(String(first.next))).ids).toEqual(ids.slice(2));
    expect((await page('/accounts/customers?email=Shared@example.com')).ids).toEqual([]);
    expect((await page('/accounts/customers')).ids).toEqual((await page('/accounts/customers')).ids.toSorted());
  });

  it('forget who is erased, at once and for good (G11)', async () => {
    const token = await saved(plainCustomer('forgotten', 'forgotten@example.com'));
    expect((await read('forgotten', token)).status).toBe(200);
    await clerk.delete('/accounts/customer/forgotten').expect(403);
    await admin.delete('/accounts/customer/nobody').expect(404);
    await admin.delete('/accounts/customer/forgotten').expect(204);

    // No token: from the answer on, whatever the views have seen.
    expect((await clerk.get('/accounts/customer/forgotten')).body).toMatchObject({
      status: 410,
      code: 'CUSTOMER_ERASED',
    });
    expect((await clerk.get('/accounts/customers?email=forgotten@example.com')).body).toEqual([]);
    const again = await admin.delete('/accounts/customer/forgotten').expect(204);
    expect((await read('forgotten', again.headers['consistency-token'])).status).toBe(410);
    await clerk.post(CREATE, plainCustomer('forgotten')).expect(410);

    const history = await clerk.get('/accounts/customer/forgotten/history').expect(200);
    expect(history.body.map(({ event, by }: { event: string; by: string }) => [event, by])).toEqual([
      ['CustomerCreated', 'clerk'],
      ['CustomerErased', 'officer'],
    ]);
  });

  it('know nothing of who was never there', async () => {
    for (const path of ['/accounts/customer/nobody', '/accounts/customer/nobody/history']) {
      expect((await clerk.get(path)).body).toMatchObject({ status: 404, code: 'CUSTOMER_NOT_FOUND' });
    }
    await clerk.get('/accounts/customer/no%20body').expect(400);
  });

  it.each([
    ['a CVV', { creditCards: [{ ...seedCustomer.creditCards[0], cvv: '123' }] }, 'creditCards.0.cvv'],
    [
      'a short card number',
      { creditCards: [{ ...seedCustomer.creditCards[0], number: '1234-5678-90' }] },
      'creditCards.0.number',
    ],
    [
      'a long card number',
      { creditCards: [{ ...seedCustomer.creditCards[0], number: '1'.repeat(20) }] },
      'creditCards.0.number',
    ],
    [
      'letters in a card number',
      { creditCards: [{ ...seedCustomer.creditCards[0], number: '1234-6789-OOOO-0000' }] },
      'creditCards.0.number',
    ],
    [
      'month 13',
      { creditCards: [{ ...seedCustomer.creditCards[0], expiration: '13/30' }] },
      'creditCards.0.expiration',
    ],
    ['no e-mail address', { contact: { primaryPhone: '1', email: '[email protected]' } }, 'contact.email'],
    ['an unknown type', { addresses: [{ ...seedCustomer.addresses[0], type: 'HOME' }] }, 'addresses.0.type'],
    ['21 addresses', { addresses: Array.from({ length: 21 }, () => seedCustomer.addresses[0]) }, 'addresses'],
    ['no name', { name: undefined }, 'name'],
    ['a list for a name', { name: [] }, 'name'],
    ['no last name', { name: { firstName: 'A' } }, 'name.lastName'],
    ['an id with a space', { id: 'a b' }, 'id'],
    ['an id that is no whole number', { id: 1.5 }, 'id'],
    ['an id beyond exact numbers', { id: 2 ** 60 }, 'id'],
    ['an unknown field', { password: 'x' }, 'password'],
  ])('refuse %s, and echo nothing of it', async (_name, fault, path) => {
    const { body, text } = await clerk.post(CREATE, { ...seedCustomer, ...fault }).expect(400);
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
    for (const value of ['Rajesh', 'someone@example.com', '1234-6789', '11111111', 'Oak Street', 'email protected']) {
      expect(text).not.toContain(value);
    }
  });
});
