import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import { Rejected } from '../../../kernel/rejection';
import type { RowChange, View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { paymentEvents, type PaymentEvent } from '../domain/user.events';

export const requestStatuses = ['open', 'paid', 'declined', 'withdrawn'] as const;

/** Every request for payment, and what became of it. */
export type PaymentRequestRow = {
  readonly id: string;
  readonly from_user_id: string;
  readonly from_user_name: string;
  readonly to_user_id: string;
  readonly to_user_name: string;
  /** Minor units. */
  readonly amount: number;
  readonly notes: string | null;
  readonly status: (typeof requestStatuses)[number];
  /** When it was asked, milliseconds since the epoch. */
  readonly at: number;
};

export const paymentRequestView: View<PaymentRequestRow, PaymentEvent> = {
  name: 'payments.payment-request',
  sources: [paymentEvents],
  stream: 'table',
  table: {
    name: 'payments_requests',
    columns: {
      id: 'text',
      from_user_id: 'text',
      from_user_name: 'text',
      to_user_id: 'text',
      to_user_name: 'text',
      amount: 'integer',
      notes: 'text',
      status: 'text',
      at: 'integer',
    },
    key: ['id'],
    indexes: [['to_user_id', 'status']],
  },
  project({ aggregateId, ...event }) {
    switch (event.type) {
      case 'PaymentRequested': {
        const { id, fromUserId, fromUserName, toUserName, amount, notes, at } = event.data.request;
        const from = { from_user_id: fromUserId, from_user_name: fromUserName };
        const to = { to_user_id: aggregateId, to_user_name: toUserName };
        return [{ key: { id }, update: () => ({ id, ...from, ...to, amount, notes, status: 'open', at }) }];
      }
      case 'PaymentSent':
        return event.data.request === null ? [] : [become(event.data.request.id, 'paid')];
      case 'PaymentReturned':
        return event.data.request === null ? [] : [become(event.data.request.id, 'open')];
      case 'PaymentRequestDeclined':
        return [become(event.data.requestId, 'declined')];
      case 'PaymentRequestWithdrawn':
        return [become(event.data.requestId, 'withdrawn')];
      case 'UserRegistered':
      case 'UserRenamed':
      case 'PaymentReceived':
      case 'PaymentRefused':
        return [];
      default:
        return unreachable(event);
    }
  },
};

function become(id: string, status: PaymentRequestRow['status']): RowChange<PaymentRequestRow> {
  return { key: { id }, update: (row) => (row === undefined ? row : { ...row, status }) };
}

/** A page of the open requests asked of a user, by id. */
export class GetOpenRequests extends Query<PaymentRequestRow[]> {
  /**
   * @param limit most rows in the page
   * @param after id of the last row of the page before; empty for the first page
   */
  constructor(
    readonly userId: string,
    readonly limit: number,
    readonly after: string,
  ) {
    super();
  }
}

@QueryHandler(GetOpenRequests)
export class GetOpenRequestsHandler implements IQueryHandler<GetOpenRequests> {
  constructor(private readonly models: ReadModels) {}

  execute({ userId, limit, after }: GetOpenRequests): Promise<PaymentRequestRow[]> {
    return this.models
      .from(paymentRequestView)
      .selectAll('row')
      .where('row.to_user_id', '=', userId)
      .where('row.status', '=', 'open')
      .where('row.id', '>', after)
      .orderBy('row.id')
      .limit(limit)
      .execute();
  }
}

/** A request as one of its two parties may see it. */
export class GetPaymentRequest extends Query<PaymentRequestRow> {
  constructor(
    readonly id: string,
    readonly userId: string,
  ) {
    super();
  }
}

@QueryHandler(GetPaymentRequest)
export class GetPaymentRequestHandler implements IQueryHandler<GetPaymentRequest> {
  constructor(private readonly models: ReadModels) {}

  async execute({ id, userId }: GetPaymentRequest): Promise<PaymentRequestRow> {
    const row = await this.models.from(paymentRequestView).selectAll('row').where('row.id', '=', id).executeTakeFirst();
    if (row === undefined || !isParty(row, userId)) throw new Rejected('REQUEST_NOT_FOUND');
    return row;
  }
}

/** Whether the request was asked by the user, or of the user. */
export function isParty({ from_user_id: from, to_user_id: to }: PaymentRequestRow, userId: string): boolean {
  return from === userId || to === userId;
}
