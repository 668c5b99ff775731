import type { RejectionTable } from '../../../kernel/rejection';

/** Every refusal of payments. */
export const paymentRejections = {
  SELF_PAYMENT: { status: 422, title: 'Nobody can pay or ask himself' },
  USER_NOT_FOUND: { status: 404, title: 'There is no such user' },
  REQUEST_NOT_FOUND: { status: 404, title: 'There is no such payment request' },
  REQUEST_CLOSED: { status: 409, title: 'The payment request is no longer open' },
  REQUEST_MISMATCH: { status: 409, title: 'The payment request names another payee or amount' },
  INSUFFICIENT_FUNDS: { status: 409, title: 'The balance is too low' },
  TOO_MANY_REQUESTS: { status: 409, title: 'Too many open requests are asked of this user' },
  IDENTITY_MISMATCH: { status: 422, title: 'The id is not that of the token' },
} as const satisfies RejectionTable;
