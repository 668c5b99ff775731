/** The only door of payments for other modules: its events, and their audit. */
export { paymentEvents, type PaymentEvent } from './domain/user.events';
export { LedgerAudit, type LedgerTotals } from './domain/ledger.audit';
