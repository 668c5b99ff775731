import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import { Rejected } from '../../../kernel/rejection';
import type { View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { changedFields } from '../domain/customer.document';
import { customerEvents, type CustomerEvent } from '../domain/customer.events';

export const customerEventTypes = ['CustomerCreated', 'CustomerChanged', 'CustomerErased'] as const;

/** One change of a customer: who, when, and which fields; never what they held. */
export type CustomerHistoryRow = {
  readonly id: string;
  readonly version: number;
  readonly event: (typeof customerEventTypes)[number];
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Identity that has sent the command. */
  readonly by: string;
  readonly changed: readonly string[];
};

export const customerHistoryView: View<CustomerHistoryRow, CustomerEvent> = {
  name: 'accounts.customer-history',
  sources: [customerEvents],
  table: {
    name: 'accounts_customer_history',
    columns: { id: 'text', version: 'integer', event: 'text', at: 'integer', by: 'text', changed: 'json' },
    key: ['id', 'version'],
  },
  project({ aggregateId: id, version, at, identity: by, ...event }) {
    const entry = (changed: readonly string[]) => [
      { key: { id, version }, update: () => ({ id, version, event: event.type, at, by, changed }) },
    ];
    switch (event.type) {
      case 'CustomerCreated':
        return entry(changedFields(undefined, event.data.customer));
      case 'CustomerChanged':
        return entry(event.data.changed);
      case 'CustomerErased':
        return entry([]);
      default:
        return unreachable(event);
    }
  },
};

/** A page of a customer's history, oldest first. */
export class GetCustomerHistory extends Query<CustomerHistoryRow[]> {
  /**
   * @param limit most rows in the page
   * @param after version of the last row of the page before; 0 for the first page
   */
  constructor(
    readonly id: string,
    readonly limit: number,
    readonly after: number,
  ) {
    super();
  }
}

@QueryHandler(GetCustomerHistory)
export class GetCustomerHistoryHandler implements IQueryHandler<GetCustomerHistory> {
  constructor(private readonly models: ReadModels) {}

  async execute({ id, limit, after }: GetCustomerHistory): Promise<CustomerHistoryRow[]> {
    const ofCustomer = this.models.from(customerHistoryView).selectAll('row').where('row.id', '=', id);
    const rows = await ofCustomer.where('row.version', '>', after).orderBy('row.version').limit(limit).execute();
    if (rows.length > 0) return rows;
    const first = await ofCustomer.limit(1).executeTakeFirst();
    if (first === undefined) throw new Rejected('CUSTOMER_NOT_FOUND');
    return [];
  }
}
