import { z } from 'zod';
import { event, eventContract, type EventOf } from '../../../kernel/event-contract';
import { amountSchema, balanceSchema } from '../../../kernel/money';

/** A request that waits for its payment, as the asked user holds it. */
export const openRequestSchema = z.strictObject({
  id: z.string(),
  fromUserId: z.string(),
  fromUserName: z.string(),
  /** Name of the user who is asked. */
  toUserName: z.string(),
  amount: amountSchema,
  notes: z.string().nullable(),
  /** When it was asked, milliseconds since the epoch. */
  at: z.int(),
});

export type OpenRequest = z.output<typeof openRequestSchema>;

const exampleRequest: OpenRequest = {
  id: '5b2c3f0a-3f0e-5d7e-9c55-0d1b7d6f3c11',
  fromUserId: 'bob',
  fromUserName: 'Bob',
  toUserName: 'Alice',
  amount: 1_250,
  notes: 'Lunch',
  at: 1_763_712_000_000,
};

const paymentId = '0b0f3d1c-6b1f-5a3e-8f4e-2f7f5d9f7a01';

/** Why a payee's stream refuses what was sent to it. */
export const refusalSchema = z.enum(['USER_NOT_FOUND', 'BALANCE_TOO_LARGE']);

/**
 * What has happened to a user of payments. A payment is two legs: sent by one user's stream, received by the other's. These schemas are the
 * storage format of `payments.events`: never change one, add a version. Amounts are minor units; every balance is the one afterwards.
 */
export const paymentEvents = eventContract('payments', {
  /** With the only money that is ever made. */
  UserRegistered: event(z.strictObject({ name: z.string(), username: z.string(), balance: balanceSchema }), {
    name: 'Alice',
    username: 'alice',
    balance: 10_000,
  }),
  UserRenamed: event(z.strictObject({ name: z.string(), username: z.string() }), {
    name: 'Alice B',
    username: 'alice',
  }),
  /** Closes the request that it pays. */
  PaymentSent: event(
    z.strictObject({
      paymentId: z.string(),
      amount: amountSchema,
      balance: balanceSchema,
      fromUserName: z.string(),
      toUserId: z.string(),
      toUserName: z.string(),
      notes: z.string().nullable(),
      request: openRequestSchema.nullable(),
    }),
    {
      paymentId,
      amount: 1_250,
      balance: 8_750,
      fromUserName: 'Alice',
      toUserId: 'bob',
      toUserName: 'Bob',
      notes: null,
      request: exampleRequest,
    },
  ),
  PaymentReceived: event(
    z.strictObject({
      paymentId: z.string(),
      amount: amountSchema,
      balance: balanceSchema,
      fromUserId: z.string(),
      fromUserName: z.string(),
      toUserName: z.string(),
    }),
    { paymentId, amount: 1_250, balance: 11_250, fromUserId: 'alice', fromUserName: 'Alice', toUserName: 'Bob' },
  ),
  /** The payee cannot take it: it goes back. */
  PaymentRefused: event(
    z.strictObject({
      paymentId: z.string(),
      amount: amountSchema,
      fromUserId: z.string(),
      reason: refusalSchema,
      request: openRequestSchema.nullable(),
    }),
    { paymentId, amount: 1_250, fromUserId: 'alice', reason: 'USER_NOT_FOUND', request: null },
  ),
  /** Reopens the request that it paid. */
  PaymentReturned: event(
    z.strictObject({
      paymentId: z.string(),
      amount: amountSchema,
      balance: balanceSchema,
      toUserId: z.string(),
      reason: refusalSchema,
      request: openRequestSchema.nullable(),
    }),
    { paymentId, amount: 1_250, balance: 10_000, toUserId: 'bob', reason: 'USER_NOT_FOUND', request: exampleRequest },
  ),
  /** In the stream of the user who is asked. */
  PaymentRequested: event(z.strictObject({ request: openRequestSchema }), { request: exampleRequest }),
  PaymentRequestDeclined: event(z.strictObject({ requestId: z.string() }), { requestId: exampleRequest.id }),
  PaymentRequestWithdrawn: event(z.strictObject({ requestId: z.string() }), { requestId: exampleRequest.id }),
});

export type PaymentEvent = EventOf<typeof paymentEvents>;
