import { z } from 'zod';
import { command, type CommandOf } from '../../../kernel/command';
import { amountSchema, balanceSchema } from '../../../kernel/money';
import { openRequestSchema, refusalSchema } from './user.events';

/** To the user who registers or changes the names. */
export class RegisterUserCommand extends command(
  'RegisterUserCommand',
  z.strictObject({
    name: z.string(),
    username: z.string(),
    /** Granted once, to a user who is new. */
    openingBalance: balanceSchema,
  }),
) {}

/** To the payer. */
export class PayCommand extends command(
  'PayCommand',
  z.strictObject({
    paymentId: z.string(),
    toUserId: z.string(),
    /** As looked up; `null`: there is no such user. */
    toUserName: z.string().nullable(),
    amount: amountSchema,
    notes: z.string().nullable(),
    requestId: z.string().nullable(),
    /** As looked up: the payer was asked so once, whatever became of it. */
    isRequestKnown: z.boolean(),
  }),
) {}

/** To the user who is asked; its identity is the one who asks. */
export class RequestCommand extends command(
  'RequestCommand',
  z.strictObject({
    requestId: z.string(),
    /** As looked up; `null`: who asks has not registered. */
    fromUserName: z.string().nullable(),
    amount: amountSchema,
    notes: z.string().nullable(),
  }),
) {}

/** To the user who was asked; its identity declines when it is that user, and withdraws when it is the one who asked. */
export class CloseRequestCommand extends command('CloseRequestCommand', z.strictObject({ requestId: z.string() })) {}

const sentPayment = {
  paymentId: z.string(),
  amount: amountSchema,
  request: openRequestSchema.nullable(),
};

/** The second leg, to the payee; sent by the settlement alone. */
export class ReceivePaymentCommand extends command(
  'ReceivePaymentCommand',
  z.strictObject({ ...sentPayment, fromUserId: z.string(), fromUserName: z.string(), toUserName: z.string() }),
) {}

/** What the payee refused, back to the payer; sent by the settlement alone. */
export class ReturnPaymentCommand extends command(
  'ReturnPaymentCommand',
  z.strictObject({ ...sentPayment, toUserId: z.string(), reason: refusalSchema }),
) {}

export const userCommands = [
  RegisterUserCommand,
  PayCommand,
  RequestCommand,
  CloseRequestCommand,
  ReceivePaymentCommand,
  ReturnPaymentCommand,
] as const;

export type UserCommand = CommandOf<typeof userCommands>;
