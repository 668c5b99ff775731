import { aggregate, unreachable, type Decider } from '../../../kernel/decider';
import { MINOR_UNITS_MAX, showMoney } from '../../../kernel/money';
import { Rejected } from '../../../kernel/rejection';
import { userCommands, type PayCommand, type UserCommand } from './user.commands';
import { paymentEvents, type OpenRequest, type PaymentEvent } from './user.events';

/** A user of payments; `null` before the registration. */
export type UserState = {
  readonly name: string;
  readonly username: string;
  /** Minor units, never below zero. */
  readonly balance: number;
  /** Open requests asked of the user, by their id. */
  readonly requests: Readonly<Record<string, OpenRequest>>;
} | null;

/** So many open requests can be asked of one user. */
export const OPEN_REQUESTS_MAX = 200;

export const userDecider: Decider<UserCommand, UserState, PaymentEvent> = {
  initialState: null,

  decide(command, state) {
    const { type, aggregateId } = command;
    const { identity, receivedAt } = command.metadata;
    switch (type) {
      case 'RegisterUserCommand': {
        const { name, username, openingBalance } = command.data;
        if (state === null) return [{ type: 'UserRegistered', data: { name, username, balance: openingBalance } }];
        const isSame = state.name === name && state.username === username;
        return isSame ? [] : [{ type: 'UserRenamed', data: { name, username } }];
      }
      case 'PayCommand':
        return [pay(command, state)];
      case 'RequestCommand': {
        const { requestId, fromUserName, amount, notes } = command.data;
        if (identity === aggregateId) throw new Rejected('SELF_PAYMENT');
        if (state === null || fromUserName === null) throw new Rejected('USER_NOT_FOUND');
        if (Object.keys(state.requests).length >= OPEN_REQUESTS_MAX) throw new Rejected('TOO_MANY_REQUESTS');
        const parties = { fromUserId: identity, fromUserName, toUserName: state.name };
        const request = { id: requestId, ...parties, amount, notes, at: receivedAt };
        return [{ type: 'PaymentRequested', data: { request } }];
      }
      case 'CloseRequestCommand': {
        const { requestId } = command.data;
        // Who is no party of it is told so before it comes here: what is not open has been.
        const request = openRequest(state, requestId, true);
        if (identity === aggregateId) return [{ type: 'PaymentRequestDeclined', data: { requestId } }];
        if (identity === request.fromUserId) return [{ type: 'PaymentRequestWithdrawn', data: { requestId } }];
        throw new Rejected('REQUEST_NOT_FOUND');
      }
      case 'ReceivePaymentCommand': {
        const { paymentId, amount, fromUserId, fromUserName, toUserName, request } = command.data;
        const refused = (reason: 'USER_NOT_FOUND' | 'BALANCE_TOO_LARGE'): PaymentEvent[] => {
          return [{ type: 'PaymentRefused', data: { paymentId, amount, fromUserId, reason, request } }];
        };
        if (state === null) return refused('USER_NOT_FOUND');
        const balance = state.balance + amount;
        if (balance > MINOR_UNITS_MAX) return refused('BALANCE_TOO_LARGE');
        return [
          { type: 'PaymentReceived', data: { paymentId, amount, balance, fromUserId, fromUserName, toUserName } },
        ];
      }
      case 'ReturnPaymentCommand': {
        const { amount } = command.data;
        if (state === null) throw new Error(`${aggregateId} has sent no payment that could come back`);
        return [{ type: 'PaymentReturned', data: { ...command.data, balance: state.balance + amount } }];
      }
      default:
        return unreachable(type);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'UserRegistered':
        return { ...event.data, requests: {} };
      case 'PaymentRefused':
        return state;
      case 'UserRenamed':
        return { ...registered(state), ...event.data };
      case 'PaymentSent': {
        const { balance, request } = event.data;
        const before = registered(state);
        return { ...before, balance, requests: request === null ? before.requests : without(before, request.id) };
      }
      case 'PaymentReceived':
        return { ...registered(state), balance: event.data.balance };
      case 'PaymentReturned': {
        const { balance, request } = event.data;
        const before = registered(state);
        return { ...before, balance, requests: request === null ? before.requests : withRequest(before, request) };
      }
      case 'PaymentRequested': {
        const before = registered(state);
        return { ...before, requests: withRequest(before, event.data.request) };
      }
      case 'PaymentRequestDeclined':
      case 'PaymentRequestWithdrawn': {
        const before = registered(state);
        return { ...before, requests: without(before, event.data.requestId) };
      }
      default:
        return unreachable(event);
    }
  },
};

export const user = aggregate({
  module: 'payments',
  name: 'user',
  stateVersion: 1,
  commands: userCommands,
  events: paymentEvents,
  decider: userDecider,
  reply(state, command) {
    switch (command.type) {
      case 'PayCommand':
        return { paymentId: command.data.paymentId, balance: showMoney(registered(state).balance) };
      case 'RequestCommand':
        return { requestId: command.data.requestId };
      case 'RegisterUserCommand':
      case 'CloseRequestCommand':
      case 'ReceivePaymentCommand':
      case 'ReturnPaymentCommand':
        return {};
      default:
        return unreachable(command);
    }
  },
});

/** The first leg. What is wrong is told in the order of the contract. */
function pay({ aggregateId, data }: PayCommand, state: UserState): PaymentEvent {
  const { paymentId, toUserId, toUserName, amount, notes, requestId } = data;
  if (toUserId === aggregateId) throw new Rejected('SELF_PAYMENT');
  if (state === null || toUserName === null) throw new Rejected('USER_NOT_FOUND');
  const request = requestId === null ? null : openRequest(state, requestId, data.isRequestKnown);
  if (request !== null && (request.fromUserId !== toUserId || request.amount !== amount)) {
    throw new Rejected('REQUEST_MISMATCH');
  }
  const balance = state.balance - amount;
  if (balance < 0) throw new Rejected('INSUFFICIENT_FUNDS');
  const fromUserName = state.name;
  return {
    type: 'PaymentSent',
    data: { paymentId, amount, balance, fromUserName, toUserId, toUserName, notes, request },
  };
}

function openRequest(state: UserState, id: string, isKnown: boolean): OpenRequest {
  const request = state !== null && Object.hasOwn(state.requests, id) ? state.requests[id] : undefined;
  if (request === undefined) throw new Rejected(isKnown ? 'REQUEST_CLOSED' : 'REQUEST_NOT_FOUND');
  return request;
}

function registered(state: UserState): NonNullable<UserState> {
  if (state === null) throw new Error('the user has not registered');
  return state;
}

function withRequest({ requests }: NonNullable<UserState>, request: OpenRequest): Record<string, OpenRequest> {
  return { ...requests, [request.id]: request };
}

function without({ requests }: NonNullable<UserState>, id: string): Record<string, OpenRequest> {
  return Object.fromEntries(Object.entries(requests).filter(([known]) => known !== id));
}
