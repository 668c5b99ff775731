/** The only door of payments for other modules: its events. */
export { paymentEvents, type PaymentEvent } from './domain/user.events';
