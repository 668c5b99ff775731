import { HttpClient, type HttpAnswer } from './http-client.ts';
import { member } from './ledger-of-attempts.ts';
import type { SeededRandom } from './seeded-random.ts';

interface LoadUser {
  readonly id: string;
  token: string;
  /** Requests that were asked of the user, as far as an answer has told. */
  readonly asked: { readonly id: string; readonly from: LoadUser; readonly amount: number }[];
}

interface Attempt {
  readonly payer: LoadUser;
  readonly path: string;
  readonly body: object;
  readonly key: string | undefined;
}

/** Answers that a payment may get while nothing is broken. */
const EXPECTED = ['INSUFFICIENT_FUNDS', 'REQUEST_CLOSED', 'TOO_MANY_REQUESTS'];
/** Answers that a client may get while something is. */
const OUTAGE = ['LOG_UNAVAILABLE', 'OUTCOME_UNKNOWN', 'VIEWS_UNAVAILABLE', 'VIEW_BEHIND', 'OVERLOADED'];
const USERS_AT_ONCE = 20;

/** Clients that pay and ask each other at random, all at once, among a fixed number of users. */
export class PaymentsLoad {
  /** Payments that an answer has told of. */
  readonly paymentIds = new Set<string>();
  /** Payments of which no answer is known, and that cannot be asked for again. */
  unknown = 0;
  readonly refusals: Record<string, number> = {};
  /** Answers that no client may ever get. */
  readonly complaints: string[] = [];
  readonly #users: LoadUser[];
  readonly #random: SeededRandom;
  /** To be sent again with their keys. */
  #unanswered: Attempt[] = [];
  #attempts = 0;
  #isStopping = false;
  #clients: Promise<void>[] = [];

  private constructor(users: LoadUser[], random: SeededRandom) {
    this.#users = users;
    this.#random = random;
  }

  /** Registers users, each with its opening balance. */
  static async of(url: string, users: number, random: SeededRandom): Promise<PaymentsLoad> {
    const names = Array.from({ length: users }, (_, index) => `user-${random.seed}-${index}`);
    const load = new PaymentsLoad(
      names.map((id) => ({ id, token: '', asked: [] })),
      random,
    );
    await load.signIn(url);
    const client = new HttpClient(url, { connections: USERS_AT_ONCE });
    await Promise.all(
      load.#users.map(async (user) => {
        const answer = await client.send('PUT', '/current-user', {
          headers: { authorization: `Bearer ${user.token}` },
          body: { name: user.id, username: user.id },
        });
        if (answer.status !== 204) throw new Error(`PUT /current-user was answered ${answer.status} ${answer.body}`);
      }),
    );
    client.close();
    return load;
  }

  /** Gets new tokens for all: those of a long run expire. */
  async signIn(url: string): Promise<void> {
    const client = new HttpClient(url, { connections: USERS_AT_ONCE });
    await Promise.all(
      this.#users.map(async (user) => {
        const answer = await client.send('POST', '/auth/token', { body: { username: user.id } });
        user.token = String(member(JSON.parse(answer.body), 'access_token'));
      }),
    );
    client.close();
  }

  /** Clients of one or several processes; each ends when the process at its other end is gone, or {@link stop}. */
  start(urls: readonly string[], clients: number): void {
    this.#isStopping = false;
    this.#clients = Array.from({ length: clients }, (_, index) => this.#run(urls[index % urls.length] ?? ''));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
  }

  /** Sends again what had a key and got no answer, until there is one. @throws Error when the process is gone */
  async retryUnanswered(url: string): Promise<void> {
    const client = new HttpClient(url);
    while (this.#unanswered.length > 0) {
      const again = this.#unanswered.splice(0);
      for (const attempt of again) {
        if (!(await this.#send(client, attempt))) throw new Error(`nobody answers at ${url}`);
      }
    }
    client.close();
  }

  async #run(url: string): Promise<void> {
    const client = new HttpClient(url, { connections: 1 });
    let isThere = true;
    while (isThere && !this.#isStopping) isThere = await this.#send(client, this.#next());
    client.close();
  }

  #next(): Attempt {
    const random = this.#random;
    const payer = random.pick(this.#users);
    const other = random.pick(this.#users.filter((user) => user !== payer));
    const amount = random.between(1, 3_000) / 100;
    const key = random.chance(0.5) ? `payment ${this.#attempts++}` : undefined;
    if (random.chance(0.1)) return { payer, path: '/request', body: { userId: other.id, amount }, key };
    const request = random.chance(0.5) ? payer.asked.pop() : undefined;
    if (request === undefined) return { payer, path: '/pay', body: { userId: other.id, amount }, key };
    const body = { userId: request.from.id, amount: request.amount, requestId: request.id };
    return { payer, path: '/pay', body, key };
  }

  /** @returns false when there is nobody at the other end any more */
  async #send(client: HttpClient, attempt: Attempt): Promise<boolean> {
    const { payer, path, body, key } = attempt;
    const headers = {
      authorization: `Bearer ${payer.token}`,
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    try {
      this.#note(attempt, await client.send('POST', path, { headers, body }));
      return true;
    } catch (error) {
      const nothingWasSent = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
      if (!nothingWasSent) this.#lose(attempt);
      return false;
    }
  }

  #note(attempt: Attempt, { status, body }: HttpAnswer): void {
    const answer: unknown = JSON.parse(body);
    const code = String(member(answer, 'code'));
    if (status === 200) {
      const paymentId = member(answer, 'paymentId');
      if (typeof paymentId === 'string') this.paymentIds.add(paymentId);
      const id = member(answer, 'requestId');
      const asked = this.#users.find((user) => user.id === member(attempt.body, 'userId'));
      const amount = Number(member(attempt.body, 'amount'));
      if (typeof id === 'string' && attempt.path === '/request') asked?.asked.push({ id, from: attempt.payer, amount });
    } else if (status === 202 || (status === 503 && OUTAGE.includes(code))) {
      this.refusals[code] = (this.refusals[code] ?? 0) + 1;
      if (status === 202 || code === 'OUTCOME_UNKNOWN') this.#lose(attempt);
    } else if (EXPECTED.includes(code)) {
      this.refusals[code] = (this.refusals[code] ?? 0) + 1;
    } else {
      this.complaints.push(`POST ${attempt.path} ${JSON.stringify(attempt.body)} was answered ${status} ${body}`);
    }
  }

  #lose(attempt: Attempt): void {
    if (attempt.key !== undefined) this.#unanswered.push(attempt);
    else if (attempt.path === '/pay') this.unknown++;
  }
}
