import type { Response } from 'supertest';
import type { AppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';
import { SignedIn } from './signed-in.ts';

/** A registered user of payments, with the opening balance of 100.00. */
export class Payer {
  private constructor(
    readonly caller: SignedIn,
    readonly name: string,
  ) {}

  static async register(app: AppProcess, name: string): Promise<Payer> {
    const caller = await SignedIn.as(app);
    await caller.put('/current-user', { name, username: name.toLowerCase() }).expect(204);
    return new Payer(caller, name);
  }

  get id(): string {
    return this.caller.id;
  }

  pay(to: { readonly id: string }, amount: unknown, more: object = {}) {
    return this.caller.post('/pay', { userId: to.id, amount, ...more });
  }

  async ask(whom: { readonly id: string }, amount: unknown, more: object = {}): Promise<string> {
    const answer = await this.caller.post('/request', { userId: whom.id, amount, ...more }).expect(200);
    return String(answer.body.requestId);
  }

  /** What the user has now; after the write that answered, when one is given. */
  async balance(after?: Response): Promise<number> {
    const read = this.caller.get('/current-balance').set('Accept', 'application/json');
    const token = after?.headers['consistency-token'];
    const { body } = await (token === undefined ? read : read.set('Consistency-Token', token)).expect(200);
    return body[0].balance;
  }

  /** Waits until the user has so much: the second leg is decided after the answer to the first. */
  async has(balance: number): Promise<void> {
    await eventually(async () => expect(await this.balance()).toBe(balance));
  }
}
