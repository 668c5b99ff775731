import { z } from 'zod';
import { changedPaths, sealedSchema } from '../../../kernel/personal-data';

export const addressTypes = ['BILLING', 'SHIPPING', 'SHIPPING_ALTERNATE'] as const;
export const cardTypes = ['PRIMARY', 'ALTERNATE'] as const;

/** So many addresses, and so many cards, can a customer have. */
export const ADDRESSES_MAX = 20;
export const CARDS_MAX = 20;

const optional = sealedSchema.nullable();

/** Members of a customer that are stored in clear: they tell nothing of the person. */
export const clearMembers: ReadonlySet<string> = new Set(['type', 'last4', 'hash']);

const nameSchema = z.strictObject({
  title: optional,
  firstName: sealedSchema,
  middleName: optional,
  lastName: sealedSchema,
  suffix: optional,
});

const contactSchema = z.strictObject({ primaryPhone: sealedSchema, secondaryPhone: optional, email: sealedSchema });

const addressSchema = z.strictObject({
  type: z.enum(addressTypes),
  description: optional,
  address1: sealedSchema,
  address2: optional,
  city: sealedSchema,
  state: sealedSchema,
  postalCode: sealedSchema,
});

const cardSchema = z.strictObject({
  type: z.enum(cardTypes),
  description: optional,
  last4: z.string().regex(/^\d{4}$/),
  /** Digits that the number has. */
  length: z.int().min(12).max(19),
  /** Under the key of the person: the same number is recognised, for this customer alone, until the key is destroyed. */
  hash: z.string(),
  expiration: sealedSchema,
  nameOnCard: sealedSchema,
});

/** A customer as stored: every leaf that tells of the person is sealed, and of a card number there is only what is left of it. */
export const customerSchema = z.strictObject({
  name: nameSchema,
  contact: contactSchema,
  addresses: z.array(addressSchema).max(ADDRESSES_MAX),
  creditCards: z.array(cardSchema).max(CARDS_MAX),
});

export type Customer = z.output<typeof customerSchema>;

/** What other modules get to know of a customer: nothing of cards. */
export const customerChangeSchema = z.strictObject({
  id: z.string(),
  /** Of the customer, from 1: the later one counts. */
  version: z.int().min(1),
  name: nameSchema,
  contact: contactSchema,
  addresses: z.array(addressSchema),
});

export type CustomerChange = z.output<typeof customerChangeSchema>;

/**
 * Paths of the fields in which two versions of a customer differ, as who sends them knows them: what is left of a card number is its
 * `number`.
 */
export function changedFields(before: Customer | undefined, after: Customer): string[] {
  const fields = changedPaths(before, after).map((path) =>
    path.replace(/^(creditCards\[\d+\])\.(last4|length|hash)$/, '$1.number'),
  );
  return [...new Set(fields)];
}

/** Sealed for the customer 123456 under a key of the tests. */
const sealed = 'siv1.GN6iKlXKTt49MTcg3sj7tzhy1TCkj4WpOnb1vcZgP_-bqMI';

export const exampleCustomer: Customer = {
  name: { title: sealed, firstName: sealed, middleName: null, lastName: sealed, suffix: null },
  contact: { primaryPhone: sealed, secondaryPhone: null, email: sealed },
  addresses: [
    {
      type: 'BILLING',
      description: null,
      address1: sealed,
      address2: null,
      city: sealed,
      state: sealed,
      postalCode: sealed,
    },
  ],
  creditCards: [
    {
      type: 'PRIMARY',
      description: null,
      last4: '0000',
      length: 16,
      hash: 'vC6nyxX0WJ86hcR69fZePUT1XyNtOmNKoHEamrzey64',
      expiration: sealed,
      nameOnCard: sealed,
    },
  ],
};
