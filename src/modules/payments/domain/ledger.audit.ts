import { unreachable } from '../../../kernel/decider';
import type { RecordedEvent } from '../../../kernel/event-contract';
import type { PaymentEvent } from './user.events';

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
  readonly isRefused: boolean;
}

/** What has been read so far; sums in minor units. */
export interface LedgerTotals {
  readonly users: number;
  readonly payments: number;
  readonly completed: number;
  readonly returned: number;
  readonly inFlight: number;
  readonly granted: bigint;
  /** Of all balances and of what is in flight. */
  readonly held: bigint;
}

/**
 * Reads payments as an auditor would: every balance is the one before and what was added or taken, none is negative, each payment has two
 * equal legs, and all that is held or in flight is what was granted (G12). Pure: it only sums up.
 */
export class LedgerAudit {
  private readonly balances = new Map<string, number>();
  private readonly transfers = new Map<string, Transfer>();
  private readonly settled = new Set<string>();
  private returned = 0;
  private granted = 0n;
  private held = 0n;
  private moving = 0n;
  private drift = 0n;

  get totals(): LedgerTotals {
    const { settled, transfers, returned, granted, balances } = this;
    return {
      users: balances.size,
      payments: settled.size + transfers.size,
      completed: settled.size - returned,
      returned,
      inFlight: transfers.size,
      granted,
      held: this.held + this.moving,
    };
  }

  /** Whether something that this event follows from has not been read yet. */
  isEarly(event: PaymentEvent): boolean {
    switch (event.type) {
      case 'PaymentReceived':
      case 'PaymentRefused':
        return this.transfers.get(event.data.paymentId)?.isRefused !== false;
      case 'PaymentReturned':
        return this.transfers.get(event.data.paymentId)?.isRefused !== true;
      case 'UserRegistered':
      case 'UserRenamed':
      case 'PaymentSent':
      case 'PaymentRequested':
      case 'PaymentRequestDeclined':
      case 'PaymentRequestWithdrawn':
        return false;
      default:
        return unreachable(event);
    }
  }

  /**
   * Takes the next event of its user.
   * @returns what is wrong with it, in words; empty when nothing is
   */
  take({ aggregateId: user, ...event }: RecordedEvent<PaymentEvent>): string[] {
    const wrong: string[] = [];
    switch (event.type) {
      case 'UserRegistered':
        if (this.balances.has(user)) wrong.push(`${user} is granted money a second time`);
        this.granted += BigInt(event.data.balance);
        this.change(user, event.data.balance, event.data.balance, wrong);
        break;
      case 'PaymentSent': {
        const { paymentId, amount, balance, toUserId: to } = event.data;
        if (this.transfers.has(paymentId) || this.settled.has(paymentId)) wrong.push(`${paymentId} is sent twice`);
        this.transfers.set(paymentId, { from: user, to, amount, isRefused: false });
        this.moving += BigInt(amount);
        this.change(user, -amount, balance, wrong);
        break;
      }
      case 'PaymentReceived': {
        const { paymentId, amount, balance, fromUserId } = event.data;
        this.compare(paymentId, { from: fromUserId, to: user, amount, isRefused: false }, wrong);
        this.settle(paymentId);
        this.change(user, amount, balance, wrong);
        break;
      }
      case 'PaymentRefused': {
        const { paymentId, amount, fromUserId: from } = event.data;
        this.compare(paymentId, { from, to: user, amount, isRefused: false }, wrong);
        this.transfers.set(paymentId, { from, to: user, amount, isRefused: true });
        break;
      }
      case 'PaymentReturned': {
        const { paymentId, amount, balance, toUserId: to } = event.data;
        this.compare(paymentId, { from: user, to, amount, isRefused: true }, wrong);
        this.settle(paymentId);
        this.returned++;
        this.change(user, amount, balance, wrong);
        break;
      }
      case 'UserRenamed':
      case 'PaymentRequested':
      case 'PaymentRequestDeclined':
      case 'PaymentRequestWithdrawn':
        break;
      default:
        return unreachable(event);
    }
    this.sumUp(wrong);
    return wrong;
  }

  private change(user: string, by: number, balance: number, wrong: string[]): void {
    const before = this.balances.get(user) ?? 0;
    const expected = before + by;
    if (balance !== expected) wrong.push(`${user} has ${balance}, and should have ${expected}`);
    if (balance < 0) wrong.push(`${user} has less than nothing: ${balance}`);
    this.balances.set(user, balance);
    this.held += BigInt(balance - before);
  }

  private compare(paymentId: string, leg: Transfer, wrong: string[]): void {
    const sent = this.transfers.get(paymentId);
    if (sent === undefined) {
      wrong.push(`${paymentId} has no first leg`);
      return;
    }
    const isSame =
      sent.from === leg.from && sent.to === leg.to && sent.amount === leg.amount && sent.isRefused === leg.isRefused;
    if (!isSame) wrong.push(`the legs of ${paymentId} differ: ${JSON.stringify(sent)}, ${JSON.stringify(leg)}`);
  }

  private settle(paymentId: string): void {
    this.moving -= BigInt(this.transfers.get(paymentId)?.amount ?? 0);
    this.transfers.delete(paymentId);
    this.settled.add(paymentId);
  }

  /** Each break is told once, where it happens. */
  private sumUp(wrong: string[]): void {
    const drift = this.held + this.moving - this.granted;
    if (drift === this.drift) return;
    wrong.push(`all that is held and in flight is ${drift} off what was granted`);
    this.drift = drift;
  }
}
