import type { SignedIn } from './signed-in.ts';

/** A customer every leaf of which can be recognised wherever its bytes turn up. */
export interface MarkedCustomer {
  readonly id: string;
  /** As it is sent. */
  readonly document: object;
  /** What must be nowhere in clear, beside texts with the mark: the beginning of a card number, as it is sent and in digits alone. */
  readonly cards: readonly string[];
}

const CARD_DIGITS = 12;

/** @param mark unlike anything else in the process */
export function markedCustomer(mark: string, at: number): MarkedCustomer {
  const leaf = (name: string): string => `${mark}${at}x${name}`;
  const card = String(4_539_481_723_604_915 + at * 1_000_003);
  const dashed = (card.match(/\d{4}/g) ?? []).join('-');
  const document = {
    id: `customer-${at}`,
    name: {
      title: leaf('title'),
      firstName: leaf('first'),
      middleName: leaf('middle'),
      lastName: leaf('last'),
      suffix: leaf('suffix'),
    },
    contact: { primaryPhone: leaf('phone'), secondaryPhone: leaf('mobile'), email: `${mark}${at}@example.com` },
    addresses: ['BILLING', 'SHIPPING'].map((type) => ({
      type,
      description: leaf(`${type}description`),
      address1: leaf(`${type}street`),
      address2: leaf(`${type}floor`),
      city: leaf(`${type}city`),
      state: leaf(`${type}state`),
      postalCode: `${mark}${at}zip`,
    })),
    creditCards: [
      { type: 'PRIMARY', description: leaf('card'), number: dashed, expiration: '6/19', nameOnCard: leaf('owner') },
    ],
  };
  return { id: document.id, document, cards: [card.slice(0, CARD_DIGITS), dashed.slice(0, CARD_DIGITS + 2)] };
}

/** Makes and reads customers and orders in every way there is, wrong ones too. */
export async function useCustomers(clerk: SignedIn, customers: readonly MarkedCustomer[]): Promise<void> {
  for (const [at, { id, document }] of customers.entries()) {
    const save = (body: object) => clerk.post('/accounts/customer/create', body);
    const email = emailOf(document);
    await save({ ...document, addresses: [] })
      .set('Idempotency-Key', `save-${id}`)
      .expect(201);
    await save(document).expect(200);
    // Another body under the key; a wrong version; an unknown field; a broken body; and one that is answered later.
    await save(document).set('Idempotency-Key', `save-${id}`).expect(422);
    await save({ ...document, addresses: [] })
      .set('If-Match', '"9"')
      .expect(412);
    await save({ ...document, cvv: email }).expect(400);
    await save({ ...document, contact: email }).expect(400);
    await clerk.post('/accounts/customer/create', {}).type('json').send(`{"name": "${email}`).expect(400);
    await save(document).set('Prefer', 'respond-async').expect(202);
    const order = { customerId: id, items: [{ productId: 'cup', title: 'Cup', price: at, quantity: 1 }] };
    await clerk.post('/orders', order).expect(201);
    await clerk.get(`/accounts/customers?email=${encodeURIComponent(email)}`).expect(200);
    await clerk.get(`/accounts/customers?email=${encodeURIComponent(email)}&unknown=1`).expect(400);
  }
}

/** E-mail address of a document. */
export function emailOf(document: object): string {
  const { contact } = document as { readonly contact: { readonly email: string } };
  return contact.email;
}
