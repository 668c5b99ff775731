/** The only door of accounts for other modules: what it tells of its customers, and how they are named. */
export { customerChanges } from './domain/customer-change.publication';
export { customerRejections } from './domain/customer.decider';
export type { CustomerChange } from './domain/customer.document';
export { CUSTOMER_ID } from './domain/customer.id';
