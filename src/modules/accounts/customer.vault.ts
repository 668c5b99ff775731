import { Injectable } from '@nestjs/common';
import { Rejected } from '../../kernel/rejection';
import { PersonalData } from '../../platform/keys/personal-data';
import { PersonCipher } from '../../platform/keys/person-cipher';
import type { CustomerDto } from './customer-answers.dto';
import type { SaveCustomerDto } from './customers.dto';
import { clearMembers, type Customer } from './domain/customer.document';
import type { CustomerRow } from './views/customer.view';

const LAST_DIGITS = 4;

/** Seals customers before anything of them is written, and opens them for who may read. */
@Injectable()
export class CustomerVault {
  constructor(private readonly keys: PersonalData) {}

  /**
   * The customer as it may be written: sealed under its own key, its cards reduced.
   * @throws Rejected CUSTOMER_ERASED
   * @throws ViewsUnavailable the keys are out of reach
   */
  async seal(id: string, given: SaveCustomerDto): Promise<Customer> {
    // Who names nobody is given an id of its own, the same for a repeat.
    const cipher = await this.keys.forWriting(id, typeof given.id !== 'string');
    if (cipher === 'erased') throw new Rejected('CUSTOMER_ERASED');
    return cipher.sealLeaves(plainCustomer(given, cipher), (member) => clearMembers.has(member));
  }

  /**
   * Customers as they are shown; those that are erased meanwhile are left out.
   * @throws ViewsUnavailable the keys are out of reach
   */
  async open(rows: readonly CustomerRow[]): Promise<CustomerDto[]> {
    const shown = await Promise.all(rows.map((row) => this.openOne(row)));
    return shown.flatMap((customer) => customer ?? []);
  }

  private async openOne({ id, customer }: CustomerRow): Promise<CustomerDto | undefined> {
    const cipher = customer === null ? 'erased' : await this.keys.of(id);
    if (customer === null || cipher === 'erased') return undefined;
    if (!(cipher instanceof PersonCipher)) throw new Error(`the key of customer ${id} is not there`);
    const { creditCards, ...plain } = cipher.openLeaves(customer);
    return {
      id,
      ...plain,
      creditCards: creditCards.map(({ type, description, last4, expiration, nameOnCard }) => {
        return { type, description, number: `****-****-****-${last4}`, last4, expiration, nameOnCard };
      }),
    };
  }

  /** Hash by which customers with an e-mail address are found. */
  hashOf(email: string): string {
    return this.keys.hashed(email);
  }

  /** Destroys the key of a customer that accounts has decided to erase. @throws ViewsUnavailable */
  async destroyKey(id: string): Promise<void> {
    await this.keys.erase([id]);
  }
}

/** What is left out is `null`; of a card number there is only what may be kept. */
function plainCustomer({ name, contact, addresses, creditCards }: SaveCustomerDto, cipher: PersonCipher): Customer {
  return {
    name: {
      title: name.title ?? null,
      firstName: name.firstName,
      middleName: name.middleName ?? null,
      lastName: name.lastName,
      suffix: name.suffix ?? null,
    },
    contact: {
      primaryPhone: contact.primaryPhone,
      secondaryPhone: contact.secondaryPhone ?? null,
      email: contact.email,
    },
    addresses: (addresses ?? []).map((address) => ({
      type: address.type,
      description: address.description ?? null,
      address1: address.address1,
      address2: address.address2 ?? null,
      city: address.city,
      state: address.state,
      postalCode: address.postalCode,
    })),
    creditCards: (creditCards ?? []).map(({ type, description, number, expiration, nameOnCard }) => {
      const digits = number.replaceAll(/\D/g, '');
      return {
        type,
        description: description ?? null,
        last4: digits.slice(-LAST_DIGITS),
        length: digits.length,
        hash: cipher.hash(digits),
        expiration,
        nameOnCard,
      };
    }),
  };
}
