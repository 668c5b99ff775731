import { Injectable } from '@nestjs/common';
import { LookUp } from '../../platform/views/look-up';
import { isParty, paymentRequestView, type PaymentRequestRow } from './views/payment-request.view';
import { userView } from './views/user.view';

/** What a decision about one user needs to know of others. */
@Injectable()
export class PaymentFacts {
  constructor(private readonly facts: LookUp) {}

  /** @returns the name, or `null` when there is no such user. @throws HttpProblem VIEW_BEHIND */
  async nameOf(userId: string): Promise<string | null> {
    const row = await this.facts.find(userView, userId);
    return row?.name ?? null;
  }

  /** The caller's own name, though it was changed a moment ago. @returns `null` for who has not registered. @throws HttpProblem VIEW_BEHIND */
  async ownNameOf(userId: string): Promise<string | null> {
    const row = await this.facts.findLatest(userView, userId);
    return row?.name ?? null;
  }

  /** The request, when the user is one of its parties. @throws HttpProblem VIEW_BEHIND */
  async requestOf(requestId: string, userId: string): Promise<PaymentRequestRow | undefined> {
    const row = await this.facts.find(paymentRequestView, requestId);
    return row !== undefined && isParty(row, userId) ? row : undefined;
  }
}
