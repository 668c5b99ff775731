import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import type { View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { paymentEvents, type PaymentEvent } from '../domain/user.events';

/** Everybody who has registered. */
export type UserRow = { readonly id: string; readonly name: string; readonly username: string };

export const userView: View<UserRow, PaymentEvent> = {
  name: 'payments.user',
  sources: [paymentEvents],
  table: {
    name: 'payments_users',
    columns: { id: 'text', name: 'text', username: 'text' },
    key: ['id'],
  },
  project({ aggregateId: id, ...event }) {
    switch (event.type) {
      case 'UserRegistered':
      case 'UserRenamed': {
        const { name, username } = event.data;
        return [{ key: { id }, update: () => ({ id, name, username }) }];
      }
      case 'PaymentSent':
      case 'PaymentReceived':
      case 'PaymentRefused':
      case 'PaymentReturned':
      case 'PaymentRequested':
      case 'PaymentRequestDeclined':
      case 'PaymentRequestWithdrawn':
        return [];
      default:
        return unreachable(event);
    }
  },
};

/** A page of the users, by id. */
export class GetUsers extends Query<UserRow[]> {
  /**
   * @param limit most rows in the page
   * @param after id of the last row of the page before; empty for the first page
   */
  constructor(
    readonly limit: number,
    readonly after: string,
  ) {
    super();
  }
}

@QueryHandler(GetUsers)
export class GetUsersHandler implements IQueryHandler<GetUsers> {
  constructor(private readonly models: ReadModels) {}

  execute({ limit, after }: GetUsers): Promise<UserRow[]> {
    return this.models
      .from(userView)
      .selectAll('row')
      .where('row.id', '>', after)
      .orderBy('row.id')
      .limit(limit)
      .execute();
  }
}
