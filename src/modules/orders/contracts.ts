/** The only door of orders for other modules: how an order is placed. */
export { PlaceOrderCommand } from './domain/order.commands';
export { order } from './domain/order.decider';
