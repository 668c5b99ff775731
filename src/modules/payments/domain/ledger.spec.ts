import fc from 'fast-check';
import type { CommandMessage } from '../../../kernel/command';
import type { RecordedEvent } from '../../../kernel/event-contract';
import { Rejected } from '../../../kernel/rejection';
import { settlement } from './settlement.process';
import {
  CloseRequestCommand,
  PayCommand,
  RegisterUserCommand,
  RequestCommand,
  type UserCommand,
} from './user.commands';
import { userDecider, type UserState } from './user.decider';
import type { OpenRequest, PaymentEvent } from './user.events';

const GRANT = 10_000;
const users = ['alice', 'bob', 'carol', 'dave'];
/** Nobody registers it: what is sent to it comes back. */
const ghost = 'ghost';

/** The whole of payments in memory: commands wait in any number of partitions, and each is decided when its turn comes. */
class Ledger {
  readonly states = new Map<string, UserState>();
  readonly inFlight = new Map<string, number>();
  granted = 0;
  private readonly waiting: UserCommand[] = [];
  private readonly known = new Map<string, OpenRequest>();
  private count = 0;

  get open(): number {
    return this.waiting.length;
  }

  send(command: UserCommand): void {
    this.waiting.push(command);
  }

  /** Decides one of the commands that wait: the first one of an aggregate, in whatever order of aggregates. */
  step(choice: number): void {
    const heads = this.waiting.filter((command, at) => {
      return this.waiting.findIndex(({ aggregateId }) => aggregateId === command.aggregateId) === at;
    });
    const command = heads[choice % heads.length];
    if (command === undefined) return;
    this.waiting.splice(this.waiting.indexOf(command), 1);
    let state = this.states.get(command.aggregateId) ?? null;
    try {
      for (const event of userDecider.decide(command, state)) {
        state = userDecider.evolve(state, event);
        this.account(event);
        this.react(event, command);
      }
      this.states.set(command.aggregateId, state);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
  }

  /** One of all that were ever asked. */
  request(index: number): OpenRequest | undefined {
    return [...this.known.values()][index % Math.max(1, this.known.size)];
  }

  get total(): number {
    const held = [...this.states.values()].reduce((sum, state) => sum + (state?.balance ?? 0), 0);
    return [...this.inFlight.values()].reduce((sum, amount) => sum + amount, held);
  }

  private account({ type, data }: PaymentEvent): void {
    if (type === 'UserRegistered') this.granted += data.balance;
    if (type === 'PaymentSent') this.inFlight.set(data.paymentId, data.amount);
    if (type === 'PaymentRequested') this.known.set(data.request.id, data.request);
    if (type === 'PaymentReceived' || type === 'PaymentReturned') {
      expect(this.inFlight.get(data.paymentId)).toBe(data.amount);
      this.inFlight.delete(data.paymentId);
    }
  }

  private react(event: PaymentEvent, { aggregateId, metadata }: CommandMessage): void {
    const place = { aggregateId, id: `event-${this.count++}`, version: 1, sequence: 1, at: 0, partition: 0 };
    const { identity, correlationId, commandId: causationId } = metadata;
    const recorded: RecordedEvent<PaymentEvent> = { ...event, ...place, identity, correlationId, causationId };
    for (const { type, data, aggregateId: to } of settlement.react(recorded)) {
      const message: CommandMessage = {
        type,
        data,
        aggregateId: to,
        metadata: { ...metadata, identity: 'system:payments' },
      };
      this.send(message as UserCommand);
    }
  }
}

const step = fc.record({
  kind: fc.constantFrom('pay', 'pay', 'payRequest', 'ask', 'close', 'decide', 'decide', 'decide'),
  from: fc.constantFrom(...users),
  to: fc.constantFrom(...users, ghost),
  amount: fc.oneof(fc.integer({ min: 1, max: GRANT }), fc.constantFrom(1, GRANT, GRANT + 1)),
  choice: fc.nat(100),
});

describe('The ledger of payments', () => {
  it('loses, makes and overdraws nothing, whatever is asked in whatever order (G12)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const ledger = new Ledger();
        const by = (identity: string) => ({ commandId: 'c', identity, correlationId: 'c', receivedAt: 0 });
        for (const id of users) {
          ledger.send(new RegisterUserCommand(id, { name: id, username: id, openingBalance: GRANT }, by(id)));
          ledger.step(0);
        }
        const check = (): void => {
          expect(ledger.total).toBe(ledger.granted);
          for (const state of ledger.states.values()) expect(state?.balance ?? 0).toBeGreaterThanOrEqual(0);
        };
        for (const [index, { kind, from, to, amount, choice }] of steps.entries()) {
          const paymentId = `payment-${index}`;
          const request = kind === 'payRequest' ? ledger.request(choice) : undefined;
          const payment = {
            paymentId,
            toUserId: request?.fromUserId ?? to,
            toUserName: to,
            amount: request?.amount ?? amount,
            notes: null,
            requestId: request?.id ?? null,
            isRequestKnown: true,
          };
          if (kind === 'pay' || kind === 'payRequest') {
            ledger.send(new PayCommand(request === undefined ? from : request.toUserName, payment, by(from)));
          }
          const asked = { requestId: `request-${index}`, fromUserName: from, amount, notes: null };
          if (kind === 'ask') ledger.send(new RequestCommand(to, asked, by(from)));
          if (kind === 'close') {
            ledger.send(new CloseRequestCommand(to, { requestId: ledger.request(choice)?.id ?? '' }, by(from)));
          }
          if (kind === 'decide') ledger.step(choice);
          check();
        }
        while (ledger.open > 0) {
          ledger.step(0);
          check();
        }
        expect(ledger.inFlight.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
