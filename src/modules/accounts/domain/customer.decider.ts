import { aggregate, unreachable, type Decider } from '../../../kernel/decider';
import { Rejected, type RejectionTable } from '../../../kernel/rejection';
import { customerCommands, type CustomerCommand } from './customer.commands';
import { changedFields, type Customer } from './customer.document';
import { customerEvents, type CustomerEvent } from './customer.events';

/** A customer of accounts, sealed; `null` before it is created. */
export type CustomerState =
  { readonly status: 'known'; readonly customer: Customer } | { readonly status: 'erased' } | null;

/** Refusals of accounts; `CUSTOMER_ERASED` is the platform's. */
export const customerRejections = {
  CUSTOMER_NOT_FOUND: { status: 404, title: 'There is no such customer' },
} as const satisfies RejectionTable;

export const customerDecider: Decider<CustomerCommand, CustomerState, CustomerEvent> = {
  initialState: null,

  decide(command, state) {
    switch (command.type) {
      case 'SaveCustomerCommand': {
        const { customer } = command.data;
        if (state === null) return [{ type: 'CustomerCreated', data: { customer } }];
        if (state.status === 'erased') throw new Rejected('CUSTOMER_ERASED');
        const changed = changedFields(state.customer, customer);
        return changed.length === 0 ? [] : [{ type: 'CustomerChanged', data: { customer, changed } }];
      }
      case 'EraseCustomerCommand':
        if (state === null) throw new Rejected('CUSTOMER_NOT_FOUND');
        return state.status === 'erased' ? [] : [{ type: 'CustomerErased', data: {} }];
      default:
        return unreachable(command);
    }
  },

  evolve(_state, event) {
    switch (event.type) {
      case 'CustomerCreated':
      case 'CustomerChanged':
        return { status: 'known', customer: event.data.customer };
      case 'CustomerErased':
        return { status: 'erased' };
      default:
        return unreachable(event);
    }
  },
};

/** The aggregate: one per customer, named by its id. */
export const customer = aggregate({
  module: 'accounts',
  name: 'customer',
  stateVersion: 1,
  commands: customerCommands,
  events: customerEvents,
  decider: customerDecider,
  reply: (_state, { type, aggregateId: id }, events) =>
    type === 'SaveCustomerCommand' ? { id, created: events.some((event) => event.type === 'CustomerCreated') } : {},
});
