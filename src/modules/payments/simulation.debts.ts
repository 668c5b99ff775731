import type { TaskParts } from '../../platform/tasks/sole-task';
import type { Person } from './domain/virtual-attempt.choice';
import { balanceView } from './views/balance.view';
import { paymentRequestView } from './views/payment-request.view';
import { userView } from './views/user.view';

/** A request is not paid again before views had so much time to show that it is paid. */
const SHOWN_WITHIN_MS = 5_000;

/** A request that somebody has the funds to pay. */
export interface Debt {
  readonly by: Person;
  /** Who has asked. */
  readonly to: Person;
  /** Minor units. */
  readonly amount: number;
  readonly requestId: string;
}

/** What virtual users are asked and can pay, one user after the other. */
export class OpenDebts {
  private turn = 0;
  /** The request that each user was sent to pay last, and until when the views may still show it as open. */
  private readonly lately = new Map<string, { readonly requestId: string; readonly untilMs: number }>();

  constructor(private readonly models: TaskParts['models']) {}

  /** The oldest that the next user in turn can pay. @throws ViewsUnavailable */
  async next(users: readonly Person[]): Promise<Debt | undefined> {
    const by = users[this.turn++ % users.length];
    if (by === undefined) return undefined;
    const has = await this.models
      .from(balanceView)
      .select('row.balance')
      .where('row.id', '=', by.id)
      .executeTakeFirst();
    const request = await this.models
      .from(paymentRequestView)
      .select(['row.id', 'row.from_user_id', 'row.amount'])
      .where('row.to_user_id', '=', by.id)
      .where('row.status', '=', 'open')
      .where('row.amount', '<=', has?.balance ?? 0)
      .orderBy('row.at')
      .orderBy('row.id')
      .executeTakeFirst();
    if (request === undefined || this.isPaidLately(by.id, request.id)) return undefined;
    const to = await this.models
      .from(userView)
      .select(['row.id', 'row.name'])
      .where('row.id', '=', request.from_user_id)
      .executeTakeFirst();
    if (to === undefined) return undefined;
    this.lately.set(by.id, { requestId: request.id, untilMs: performance.now() + SHOWN_WITHIN_MS });
    return { by, to, amount: request.amount, requestId: request.id };
  }

  private isPaidLately(userId: string, requestId: string): boolean {
    const last = this.lately.get(userId);
    return last?.requestId === requestId && performance.now() < last.untilMs;
  }
}
