import { aggregate, unreachable, type Decider } from '../../../kernel/decider';
import { decimalText, totalOf } from '../../../kernel/money';
import { Rejected, type RejectionTable } from '../../../kernel/rejection';
import { orderCommands, type OrderCommand } from './order.commands';
import { orderEvents, type OrderEvent } from './order.events';

/** An order is open until it is shipped or cancelled. */
export const orderStatuses = ['placed', 'shipped', 'cancelled'] as const;

export type OrderStatus = (typeof orderStatuses)[number];

/** `null` before it is placed. */
export type OrderState = { readonly customerId: string; readonly status: OrderStatus } | null;

/** Every refusal of orders. */
export const orderRejections = {
  ORDER_NOT_FOUND: { status: 404, title: 'There is no such order' },
  ORDER_CLOSED: { status: 409, title: 'The order is shipped or cancelled already' },
} as const satisfies RejectionTable;

export const orderDecider: Decider<OrderCommand, OrderState, OrderEvent> = {
  initialState: null,

  decide(command, state) {
    switch (command.type) {
      case 'PlaceOrderCommand':
        // Its id is made from the command's: whoever sends it again has placed it already.
        return state === null ? [{ type: 'OrderPlaced', data: command.data }] : [];
      case 'ShipOrderCommand':
        return [{ type: 'OrderShipped', data: { customerId: customerOfOpen(state) } }];
      case 'CancelOrderCommand':
        return [{ type: 'OrderCancelled', data: { customerId: customerOfOpen(state) } }];
      default:
        return unreachable(command);
    }
  },

  evolve(_state, event) {
    const { customerId } = event.data;
    return { customerId, status: statusAfter(event.type) };
  },
};

/** The status in which an event leaves an order. */
export function statusAfter(type: OrderEvent['type']): OrderStatus {
  switch (type) {
    case 'OrderPlaced':
      return 'placed';
    case 'OrderShipped':
      return 'shipped';
    case 'OrderCancelled':
      return 'cancelled';
    default:
      return unreachable(type);
  }
}

/** The aggregate: one per order. */
export const order = aggregate({
  module: 'orders',
  name: 'order',
  stateVersion: 1,
  commands: orderCommands,
  events: orderEvents,
  decider: orderDecider,
  reply: (state, command) =>
    command.type === 'PlaceOrderCommand'
      ? { orderId: command.aggregateId, total: decimalText(totalOf(command.data.items)) }
      : { orderId: command.aggregateId, status: state?.status },
});

function customerOfOpen(state: OrderState): string {
  if (state === null) throw new Rejected('ORDER_NOT_FOUND');
  if (state.status !== 'placed') throw new Rejected('ORDER_CLOSED');
  return state.customerId;
}
