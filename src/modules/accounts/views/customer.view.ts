import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import { Rejected } from '../../../kernel/rejection';
import type { View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import type { Customer } from '../domain/customer.document';
import { customerEvents, type CustomerEvent } from '../domain/customer.events';

/** What every customer is now, sealed. */
export type CustomerRow = {
  readonly id: string;
  readonly version: number;
  /** `null` when it was erased. */
  readonly customer: Customer | null;
  /** Keyed hash of the e-mail address; `null` when it was erased. */
  readonly email_hash: string | null;
  /** 1 or 0. */
  readonly is_erased: number;
};

export const customerView: View<CustomerRow, CustomerEvent> = {
  name: 'accounts.customer',
  sources: [customerEvents],
  isPersonal: true,
  table: {
    name: 'accounts_customers',
    columns: { id: 'text', version: 'integer', customer: 'json', email_hash: 'text', is_erased: 'integer' },
    key: ['id'],
    indexes: [['email_hash']],
  },
  project({ aggregateId: id, version, ...event }, index) {
    const row = (customer: Customer | null, hash: string | null) => [
      {
        key: { id },
        update: () => ({ id, version, customer, email_hash: hash, is_erased: customer === null ? 1 : 0 }),
      },
    ];
    switch (event.type) {
      case 'CustomerCreated':
      case 'CustomerChanged': {
        const { customer } = event.data;
        return row(customer, index(id, 'contact.email', customer.contact.email));
      }
      case 'CustomerErased':
        return row(null, null);
      default:
        return unreachable(event);
    }
  },
};

export class GetCustomer extends Query<CustomerRow> {
  constructor(readonly id: string) {
    super();
  }
}

@QueryHandler(GetCustomer)
export class GetCustomerHandler implements IQueryHandler<GetCustomer> {
  constructor(private readonly models: ReadModels) {}

  async execute({ id }: GetCustomer): Promise<CustomerRow> {
    const row = await this.models.from(customerView).selectAll('row').where('row.id', '=', id).executeTakeFirst();
    if (row === undefined) throw new Rejected('CUSTOMER_NOT_FOUND');
    return row;
  }
}

/** A page of the customers that are not erased, by id. */
export class GetCustomers extends Query<CustomerRow[]> {
  /**
   * @param limit most rows in the page
   * @param after id of the last row of the page before; empty for the first page
   * @param emailHash only those with this e-mail address
   */
  constructor(
    readonly limit: number,
    readonly after: string,
    readonly emailHash: string | undefined,
  ) {
    super();
  }
}

@QueryHandler(GetCustomers)
export class GetCustomersHandler implements IQueryHandler<GetCustomers> {
  constructor(private readonly models: ReadModels) {}

  execute({ limit, after, emailHash }: GetCustomers): Promise<CustomerRow[]> {
    const known = this.models
      .from(customerView)
      .selectAll('row')
      .where('row.id', '>', after)
      .where('row.is_erased', '=', 0)
      .orderBy('row.id')
      .limit(limit);
    return (emailHash === undefined ? known : known.where('row.email_hash', '=', emailHash)).execute();
  }
}
