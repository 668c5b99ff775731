import { StreamConnection } from './stream-connection.ts';
import { runStreamProcess, type StreamListener } from './stream-process.ts';

/** Clients of everybody's activities, and of the balances of some users. */
export interface PaymentsTask {
  readonly port: number;
  readonly activityClients: number;
  /** For the clients of the activities. */
  readonly token: string;
  /** Who watch their own balance. */
  readonly users: readonly { readonly token: string; readonly balance: number; readonly leg: number | undefined }[];
  /** Payment n, counted from 0, is of n + 1 cents; its legs are 2 n and 2 n + 1. */
  readonly payments: number;
}

/** Gets both legs of every payment, each once. */
class ActivitiesClient implements StreamListener {
  readonly connection: StreamConnection;
  readonly arrivedAtMs: Float64Array;
  irregular = 0;
  #arrivals = 0;

  constructor({ port, token, payments }: PaymentsTask) {
    this.arrivedAtMs = new Float64Array(2 * payments);
    const request = { port, token, path: '/activities' };
    this.connection = new StreamConnection(request, (event, atMs) => this.#take(event, atMs));
  }

  get isComplete(): boolean {
    return this.#arrivals >= this.arrivedAtMs.length;
  }

  #take(event: string, atMs: number): void {
    const start = event.indexOf('"amount":');
    if (start < 0) return;
    const cents = Math.round(parseFloat(event.slice(start + '"amount":'.length)) * 100);
    const leg = 2 * (Math.abs(cents) - 1) + (cents > 0 ? 1 : 0);
    if (this.arrivedAtMs[leg] === 0) this.arrivedAtMs[leg] = atMs;
    else this.irregular++;
    this.#arrivals++;
  }
}

/** Gets its balance, and once more if it is a party of a payment. */
class BalanceClient implements StreamListener {
  readonly connection: StreamConnection;
  readonly arrivedAtMs: Record<number, number> = {};
  readonly #after: number;
  readonly #leg: number | undefined;
  irregular = 0;
  isComplete: boolean;

  constructor({ port }: PaymentsTask, { token, balance, leg }: PaymentsTask['users'][number]) {
    this.#after = balance;
    this.#leg = leg;
    this.isComplete = leg === undefined;
    if (leg !== undefined) this.arrivedAtMs[leg] = 0;
    const request = { port, token, path: '/current-balance' };
    this.connection = new StreamConnection(request, (event, atMs) => this.#take(event, atMs));
  }

  #take(event: string, atMs: number): void {
    if (!this.connection.isCaughtUp || event.includes('event: caught-up')) return;
    const start = event.indexOf('"balance":');
    if (start < 0) return;
    const isNext = !this.isComplete && parseFloat(event.slice(start + '"balance":'.length)) === this.#after;
    if (isNext && this.#leg !== undefined) this.arrivedAtMs[this.#leg] = atMs;
    else this.irregular++;
    this.isComplete = true;
  }
}

runStreamProcess((task: PaymentsTask) => {
  const { activityClients, users } = task;
  return {
    clients: activityClients + users.length,
    open: (index) => {
      const user = users[index - activityClients];
      return user === undefined ? new ActivitiesClient(task) : new BalanceClient(task, user);
    },
  };
});
