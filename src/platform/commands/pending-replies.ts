import type { Reply } from './decision';

/**
 * The senders of this process that wait for a decision, by correlation id. Every wait has a deadline.
 */
export class PendingReplies {
  private readonly waiting = new Map<string, { settle: (reply: Reply | undefined) => void; deadline: number }>();
  private readonly timer: NodeJS.Timeout;

  constructor() {
    // One timer for all waits: a timer per request is a cost that the rare timeout does not justify.
    this.timer = setInterval(() => this.expire(performance.now()), 50);
    this.timer.unref();
  }

  /** Number of senders that wait now. */
  get size(): number {
    return this.waiting.size;
  }

  /** Resolves with the reply, or with `undefined` once `waitMs` has passed. Call it before the command is appended. */
  expect(correlationId: string, waitMs: number): Promise<Reply | undefined> {
    return new Promise((settle) => {
      this.waiting.set(correlationId, { settle, deadline: performance.now() + waitMs });
    });
  }

  /** Hands over a reply; one that nobody waits for is ignored. */
  settle(reply: Reply): void {
    this.take(reply.correlationId)?.(reply);
  }

  /** Nobody waits any more: the command was not sent. */
  forget(correlationId: string): void {
    this.take(correlationId)?.(undefined);
  }

  /** Ends every wait. */
  close(): void {
    clearInterval(this.timer);
    this.expire(Infinity);
  }

  private take(correlationId: string): ((reply: Reply | undefined) => void) | undefined {
    const entry = this.waiting.get(correlationId);
    this.waiting.delete(correlationId);
    return entry?.settle;
  }

  private expire(now: number): void {
    for (const [correlationId, { deadline }] of this.waiting) {
      if (deadline <= now) this.forget(correlationId);
    }
  }
}
