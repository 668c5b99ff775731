import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { decimalText, totalOf } from '../../../kernel/money';
import { Rejected } from '../../../kernel/rejection';
import { subscription, type View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { customerChanges, type CustomerChange } from '../../accounts/contracts';
import { statusAfter, type OrderStatus } from '../domain/order.decider';
import { orderEvents, type OrderEvent, type OrderItem } from '../domain/order.events';

/** What is known of an order. */
export interface OrderDetails {
  readonly status: OrderStatus;
  readonly items: readonly OrderItem[];
  /** Decimal with two places. */
  readonly total: string;
  /** Milliseconds since the epoch. */
  readonly placedAt: number;
}

/**
 * A part of a customer's document: what accounts tells of the customer, sealed, in the row without an order, and each order in a row of its
 * own. So neither needs the other, in whatever order they come.
 */
export type DocumentRow = {
  readonly customer_id: string;
  /** Empty: the row of the customer. */
  readonly order_id: string;
  readonly customer: Pick<CustomerChange, 'name' | 'contact' | 'addresses'> | null;
  readonly details: OrderDetails | null;
  /** Of the customer, or of the order. */
  readonly version: number;
};

const NO_ORDER = '';

export const documentView: View<DocumentRow, OrderEvent> = {
  name: 'orders.documents',
  sources: [orderEvents],
  follows: [
    subscription<DocumentRow, CustomerChange>({
      topic: customerChanges,
      project: ({ key: customer_id, data }) => [
        {
          key: { customer_id, order_id: NO_ORDER },
          update: (row) => {
            if (data === null) return undefined;
            const { version, name, contact, addresses } = data;
            if (row !== undefined && row.version >= version) return row;
            const customer = { name, contact, addresses };
            return { customer_id, order_id: NO_ORDER, customer, details: null, version };
          },
        },
      ],
    }),
  ],
  table: {
    name: 'orders_documents',
    columns: { customer_id: 'text', order_id: 'text', customer: 'json', details: 'json', version: 'integer' },
    key: ['customer_id', 'order_id'],
    indexes: [['order_id']],
  },
  project({ aggregateId: order_id, version, at, ...event }) {
    const { customerId: customer_id } = event.data;
    const status = statusAfter(event.type);
    const update = (row: DocumentRow | undefined): DocumentRow => {
      if (event.type === 'OrderPlaced') {
        const { items } = event.data;
        const details = { status, items, total: decimalText(totalOf(items)), placedAt: at };
        return { customer_id, order_id, customer: null, details, version };
      }
      const details = row?.details ?? null;
      if (row === undefined || details === null) throw new Error(`order ${order_id} was never placed`);
      return { ...row, details: { ...details, status }, version };
    };
    return [{ key: { customer_id, order_id }, update }];
  },
};

export class GetOrder extends Query<DocumentRow> {
  constructor(readonly orderId: string) {
    super();
  }
}

@QueryHandler(GetOrder)
export class GetOrderHandler implements IQueryHandler<GetOrder> {
  constructor(private readonly models: ReadModels) {}

  async execute({ orderId }: GetOrder): Promise<DocumentRow> {
    const row = await this.models
      .from(documentView)
      .selectAll('row')
      .where('row.order_id', '=', orderId)
      .executeTakeFirst();
    if (row === undefined) throw new Rejected('ORDER_NOT_FOUND');
    return row;
  }
}

/** The parts of one customer's document; none: nobody knows the customer. */
export class GetDocument extends Query<DocumentRow[]> {
  constructor(readonly customerId: string) {
    super();
  }
}

@QueryHandler(GetDocument)
export class GetDocumentHandler implements IQueryHandler<GetDocument> {
  constructor(private readonly models: ReadModels) {}

  execute({ customerId }: GetDocument): Promise<DocumentRow[]> {
    const ofCustomer = this.models.from(documentView).selectAll('row').where('row.customer_id', '=', customerId);
    return ofCustomer.orderBy('row.order_id').execute();
  }
}

/** A page of the documents, by customer: the parts of each. */
export class GetDocuments extends Query<DocumentRow[][]> {
  /**
   * @param limit most documents in the page
   * @param after customer of the last document of the page before; empty for the first page
   */
  constructor(
    readonly limit: number,
    readonly after: string,
  ) {
    super();
  }
}

@QueryHandler(GetDocuments)
export class GetDocumentsHandler implements IQueryHandler<GetDocuments> {
  constructor(private readonly models: ReadModels) {}

  async execute({ limit, after }: GetDocuments): Promise<DocumentRow[][]> {
    const documents = this.models.from(documentView);
    const page = await documents
      .select('row.customer_id')
      .distinct()
      .where('row.customer_id', '>', after)
      .orderBy('row.customer_id')
      .limit(limit)
      .execute();
    if (page.length === 0) return [];
    const ids = page.map(({ customer_id: id }) => id);
    const rows = await documents
      .selectAll('row')
      .where('row.customer_id', 'in', ids)
      .orderBy('row.customer_id')
      .orderBy('row.order_id')
      .execute();
    return [...Map.groupBy(rows, ({ customer_id: id }) => id).values()];
  }
}
