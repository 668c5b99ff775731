/** The seed's own request, with a real address where its e-mail is obfuscated. */
export const seedCustomer = {
  id: 123456,
  name: { title: 'Mr.', firstName: 'Rajesh', middleName: 'V.', lastName: 'Iyer', suffix: 'Jr.' },
  contact: { primaryPhone: '555-666-7777', secondaryPhone: '555-444-9898', email: 'someone@example.com' },
  addresses: [
    {
      type: 'BILLING',
      description: 'My cc billing address',
      address1: '123 Oak Street',
      address2: null,
      city: 'Sunrise',
      state: 'CA',
      postalCode: '12345-6789',
    },
    {
      type: 'SHIPPING',
      description: 'My home address',
      address1: '123 Oak Street',
      address2: null,
      city: 'Sunrise',
      state: 'CA',
      postalCode: '12345-6789',
    },
  ],
  creditCards: [
    {
      type: 'PRIMARY',
      description: 'VISA',
      number: '1234-6789-0000-0000',
      expiration: '6/19',
      nameOnCard: 'John S. Doe',
    },
    {
      type: 'ALTERNATE',
      description: 'Corporate American Express',
      number: '9999-8888-7777-6666',
      expiration: '3/20',
      nameOnCard: 'John Doe',
    },
  ],
};

/** The seed's customer as it is shown. */
export const shownSeedCustomer = {
  ...seedCustomer,
  id: '123456',
  creditCards: [
    {
      type: 'PRIMARY',
      description: 'VISA',
      number: '****-****-****-0000',
      last4: '0000',
      expiration: '6/19',
      nameOnCard: 'John S. Doe',
    },
    {
      type: 'ALTERNATE',
      description: 'Corporate American Express',
      number: '****-****-****-6666',
      last4: '6666',
      expiration: '3/20',
      nameOnCard: 'John Doe',
    },
  ],
};

/** A customer who has told no more than must be told. */
export function plainCustomer(id: string, email = `${id}@example.com`) {
  return { id, name: { firstName: 'Ann', lastName: 'Lee' }, contact: { primaryPhone: '555-1', email } };
}

/** An order of two lines, in sum 6400.05. */
export function orderOf(customerId: string) {
  return {
    customerId,
    items: [
      { productId: 'kettle', title: 'Kettle', price: '3200', quantity: 2 },
      { productId: 'cup', title: 'Cup', price: 0.05, quantity: 1 },
    ],
  };
}
