import { pause } from '../../scripts/process/wait.ts';
import { EventStream } from '../../test/support/event-stream.ts';
import { rawRequest } from './load-result.ts';
import { monotonicMs } from './stream-audience.ts';

const atOnce = 16;
/** Payments that a load repeats: enough that each user pays and is paid by several others. */
const paymentsPerUser = 4;
const smallestAmount = 0.01;

interface PayingUser {
  readonly id: string;
  readonly token: string;
}

/** Registered users of the running product, each with its opening balance. */
export class PayingUsers {
  readonly #port: number;
  readonly #users: readonly PayingUser[];

  private constructor(port: number, users: readonly PayingUser[]) {
    this.#port = port;
    this.#users = users;
  }

  /** @throws Error when the product refuses */
  static async register(port: number, count: number): Promise<PayingUsers> {
    const users: PayingUser[] = [];
    let left = count;
    const add = async (): Promise<void> => {
      while (left-- > 0) users.push(await registered(port, `payer-${left}`));
    };
    await Promise.all(Array.from({ length: atOnce }, add));
    return new PayingUsers(port, users);
  }

  /** Payments of a cent among all of them, as bytes for a load. Everybody pays as often as he is paid. */
  get payments(): readonly string[] {
    const [port, users] = [this.#port, this.#users];
    const rounds = Array.from({ length: paymentsPerUser }, (_, round) => 7 * round + 1);
    return rounds.flatMap((distance) =>
      users.map(({ token }, index) => {
        const userId = users[(index + distance) % users.length]?.id;
        const headers = { authorization: `Bearer ${token}` };
        return rawRequest({ port, method: 'POST', path: '/pay', body: { userId, amount: smallestAmount }, headers });
      }),
    );
  }

  /** Completed payments, as the view tells. */
  async completed(): Promise<number> {
    const url = `http://127.0.0.1:${this.#port}/total-transactions`;
    const answer = await fetch(url, { headers: { ...this.#bearer(0), accept: 'application/json' } });
    if (answer.status !== 200)
      throw new Error(`GET /total-transactions answered ${answer.status} ${await answer.text()}`);
    const [row] = (await answer.json()) as { total: number }[];
    return row?.total ?? 0;
  }

  /** Users as the view tells, up to a number. */
  async usersThere(max: number): Promise<number> {
    let url: string | undefined = `http://127.0.0.1:${this.#port}/users?limit=200`;
    let there = 0;
    while (url !== undefined && there < max) {
      const answer: Response = await fetch(url, { headers: this.#bearer(0) });
      if (answer.status !== 200) throw new Error(`GET /users answered ${answer.status} ${await answer.text()}`);
      there += ((await answer.json()) as unknown[]).length;
      const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
      url = next === undefined ? undefined : new URL(next, url).href;
    }
    return there;
  }

  /**
   * From a payer's 200 to the payee's new balance on its stream, one payment after the other.
   * @param everyMs the least distance of two payments
   * @returns milliseconds of each
   */
  async delays(count: number, everyMs = 0): Promise<number[]> {
    const url = `http://127.0.0.1:${this.#port}`;
    const stream = await EventStream.open(`${url}/current-balance`, { headers: this.#bearer(1) });
    try {
      await stream.untilCaughtUp();
      const delays: number[] = [];
      const startedAtMs = monotonicMs();
      for (let index = 0; index < count; index++) {
        await pause(Math.max(0, startedAtMs + index * everyMs - monotonicMs()));
        const seen = stream.next({ within: 20_000 }).then(() => monotonicMs());
        const status = await this.pay(0, 1, smallestAmount);
        const answeredAtMs = monotonicMs();
        if (status !== 200) throw new Error(`POST /pay answered ${status}`);
        delays.push(Math.max(0, (await seen) - answeredAtMs));
      }
      return delays;
    } finally {
      stream.close();
    }
  }

  /** @returns the status. @throws Error when there is no answer */
  async pay(from: number, to: number, amount: number): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/pay`, {
      method: 'POST',
      headers: { ...this.#bearer(from), 'content-type': 'application/json' },
      body: JSON.stringify({ userId: this.#user(to).id, amount }),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Of a user. */
  token(index: number): string {
    return this.#user(index).token;
  }

  #user(index: number): PayingUser {
    const user = this.#users[index];
    if (user === undefined) throw new RangeError('no users');
    return user;
  }

  #bearer(index: number): { authorization: string } {
    return { authorization: `Bearer ${this.#user(index).token}` };
  }
}

async function registered(port: number, username: string): Promise<PayingUser> {
  const url = `http://127.0.0.1:${port}`;
  const json = { 'content-type': 'application/json' };
  const signedIn = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ username }),
  });
  const { access_token: token } = (await signedIn.json()) as { access_token: string };
  const headers = { ...json, authorization: `Bearer ${token}` };
  const body = JSON.stringify({ name: username, username });
  const answer = await fetch(`${url}/current-user`, { method: 'PUT', headers, body });
  if (answer.status !== 204) throw new Error(`PUT /current-user answered ${answer.status} ${await answer.text()}`);
  return { id: username, token };
}
