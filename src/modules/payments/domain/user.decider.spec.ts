import { specification } from '../../../kernel/specification';
import type { CommandMetadata } from '../../../kernel/command';
import {
  CloseRequestCommand,
  PayCommand,
  ReceivePaymentCommand,
  RegisterUserCommand,
  RequestCommand,
  ReturnPaymentCommand,
} from './user.commands';
import { OPEN_REQUESTS_MAX, userDecider } from './user.decider';
import { paymentEvents, type OpenRequest, type PaymentEvent } from './user.events';

const { given } = specification(userDecider);
const { UserRegistered, PaymentSent, PaymentReceived, PaymentRequested } = paymentEvents.events;

const registered: PaymentEvent = { type: 'UserRegistered', data: UserRegistered.example };
const requested: PaymentEvent = { type: 'PaymentRequested', data: PaymentRequested.example };
const { request } = PaymentRequested.example;
const { paymentId } = PaymentSent.example;

const by = (identity: string): CommandMetadata => ({
  commandId: '0196f1a2-0000-7000-8000-000000000001',
  identity,
  correlationId: '0196f1a2-0000-7000-8000-000000000002',
  receivedAt: request.at,
});

type Pay = ConstructorParameters<typeof PayCommand>[1];

const pay = (data: Partial<Pay> = {}) =>
  new PayCommand(
    'alice',
    {
      paymentId,
      toUserId: 'bob',
      toUserName: 'Bob',
      amount: 1_250,
      notes: null,
      requestId: null,
      isRequestKnown: false,
      ...data,
    },
    by('alice'),
  );
const payRequest = (data: Partial<Pay> = {}) => pay({ requestId: request.id, isRequestKnown: true, ...data });
const ask = (identity: string, fromUserName: string | null = 'Bob') =>
  new RequestCommand(
    'alice',
    { requestId: request.id, fromUserName, amount: request.amount, notes: request.notes },
    by(identity),
  );
const close = (identity: string) => new CloseRequestCommand('alice', { requestId: request.id }, by(identity));
const sent = (data: Partial<typeof PaymentSent.example> = {}): PaymentEvent => {
  return { type: 'PaymentSent', data: { ...PaymentSent.example, request: null, ...data } };
};

describe('A user of payments', () => {
  it('is granted the opening balance once', () => {
    const register = (name: string) =>
      new RegisterUserCommand('alice', { name, username: 'alice', openingBalance: 10_000 }, by('alice'));

    given().when(register('Alice')).thenEvents(registered);
    given(registered).when(register('Alice')).thenEvents();
    given(registered)
      .when(register('Alice B'))
      .thenEvents({ type: 'UserRenamed', data: { name: 'Alice B', username: 'alice' } });
  });

  it('pays what it has, to the last cent and no cent more', () => {
    given(registered).when(pay()).thenEvents(sent());
    given(registered)
      .when(pay({ amount: 10_000 }))
      .thenEvents(sent({ amount: 10_000, balance: 0 }));
    given(registered)
      .when(pay({ amount: 10_001 }))
      .thenRejected('INSUFFICIENT_FUNDS');
    given(registered, sent({ amount: 10_000, balance: 0 }))
      .when(pay({ amount: 1 }))
      .thenRejected('INSUFFICIENT_FUNDS');
  });

  it('tells what is wrong with a payment in the order of the contract', () => {
    const broke = sent({ amount: 10_000, balance: 0 });

    given()
      .when(pay({ toUserId: 'alice', toUserName: null }))
      .thenRejected('SELF_PAYMENT');
    given().when(pay()).thenRejected('USER_NOT_FOUND');
    given(registered)
      .when(pay({ toUserName: null, requestId: request.id }))
      .thenRejected('USER_NOT_FOUND');
    given(registered, broke)
      .when(pay({ requestId: request.id }))
      .thenRejected('REQUEST_NOT_FOUND');
    given(registered, broke).when(payRequest()).thenRejected('REQUEST_CLOSED');
    given(registered, broke, requested)
      .when(payRequest({ amount: 1 }))
      .thenRejected('REQUEST_MISMATCH');
    given(registered, broke, requested)
      .when(payRequest({ toUserId: 'carol' }))
      .thenRejected('REQUEST_MISMATCH');
    given(registered, broke, requested).when(payRequest()).thenRejected('INSUFFICIENT_FUNDS');
  });

  it('pays a request once, and closes it in the same decision', () => {
    const paid: PaymentEvent = { type: 'PaymentSent', data: PaymentSent.example };

    given(registered, requested).when(payRequest()).thenEvents(paid);
    given(registered, requested, paid).when(payRequest()).thenRejected('REQUEST_CLOSED');
  });

  it('trusts its own open requests before what was looked up', () => {
    given(registered, requested)
      .when(pay({ requestId: request.id, isRequestKnown: false }))
      .thenEvents({ type: 'PaymentSent', data: PaymentSent.example });
  });

  it('is asked by others who have registered', () => {
    given(registered).when(ask('bob')).thenEvents(requested);
    given(registered).when(ask('alice')).thenRejected('SELF_PAYMENT');
    given(registered).when(ask('bob', null)).thenRejected('USER_NOT_FOUND');
    given().when(ask('bob')).thenRejected('USER_NOT_FOUND');
  });

  it('holds a bounded number of open requests', () => {
    const many = Array.from({ length: OPEN_REQUESTS_MAX }, (_, index): PaymentEvent => {
      const each: OpenRequest = { ...request, id: `request-${index}` };
      return { type: 'PaymentRequested', data: { request: each } };
    });

    given(registered, ...many)
      .when(ask('bob'))
      .thenRejected('TOO_MANY_REQUESTS');
    given(registered, ...many.slice(1))
      .when(ask('bob'))
      .thenEvents(requested);
  });

  it('declines a request, or sees it withdrawn by who asked, and by nobody else', () => {
    const declined: PaymentEvent = { type: 'PaymentRequestDeclined', data: { requestId: request.id } };
    const withdrawn: PaymentEvent = { type: 'PaymentRequestWithdrawn', data: { requestId: request.id } };

    given(registered, requested).when(close('alice')).thenEvents(declined);
    given(registered, requested).when(close('bob')).thenEvents(withdrawn);
    given(registered, requested).when(close('carol')).thenRejected('REQUEST_NOT_FOUND');
    given(registered, requested, declined).when(close('bob')).thenRejected('REQUEST_CLOSED');
    given(registered, requested, withdrawn).when(payRequest()).thenRejected('REQUEST_CLOSED');
  });

  it('receives what was sent to it', () => {
    const { balance: _, fromUserId, ...leg } = PaymentReceived.example;
    const receive = new ReceivePaymentCommand('bob', { ...leg, fromUserId, request: null }, by('system:payments'));

    given(registered).when(receive).thenEvents({ type: 'PaymentReceived', data: PaymentReceived.example });
    given()
      .when(receive)
      .thenEvents({
        type: 'PaymentRefused',
        data: { paymentId, amount: 1_250, fromUserId, reason: 'USER_NOT_FOUND', request: null },
      });
    given({ type: 'UserRegistered', data: { ...UserRegistered.example, balance: 999_999_999_999_000 } })
      .when(receive)
      .thenEvents({
        type: 'PaymentRefused',
        data: { paymentId, amount: 1_250, fromUserId, reason: 'BALANCE_TOO_LARGE', request: null },
      });
  });

  it('gets back what was refused, and the request that it paid is open again', () => {
    const paid: PaymentEvent = { type: 'PaymentSent', data: PaymentSent.example };
    const back = { paymentId, amount: 1_250, request, toUserId: 'bob', reason: 'USER_NOT_FOUND' as const };
    const returned: PaymentEvent = { type: 'PaymentReturned', data: { ...back, balance: 10_000 } };

    given(registered, requested, paid)
      .when(new ReturnPaymentCommand('alice', back, by('system:payments')))
      .thenEvents(returned);
    given(registered, requested, paid, returned).when(payRequest()).thenEvents(paid);
  });
});
