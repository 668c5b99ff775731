import { specification } from '../../../kernel/specification';
import { CancelOrderCommand, PlaceOrderCommand, ShipOrderCommand } from './order.commands';
import { order, orderDecider } from './order.decider';
import { ITEMS_MAX, type OrderEvent, type OrderItem } from './order.events';

const ID = '5b2c3f0a-3f0e-5d7e-9c55-0d1b7d6f3c11';
const metadata = { commandId: ID, identity: 'alice', correlationId: ID, receivedAt: 1 };
const items: OrderItem[] = [
  { productId: 'kettle', title: 'Kettle', price: 320_000, quantity: 2 },
  { productId: 'cup', title: 'Cup', price: 5, quantity: 1 },
];
const place = new PlaceOrderCommand(ID, { customerId: '123456', items }, metadata);
const ship = new ShipOrderCommand(ID, {}, metadata);
const cancel = new CancelOrderCommand(ID, {}, metadata);
const placed: OrderEvent = { type: 'OrderPlaced', data: { customerId: '123456', items } };
const shipped: OrderEvent = { type: 'OrderShipped', data: { customerId: '123456' } };
const cancelled: OrderEvent = { type: 'OrderCancelled', data: { customerId: '123456' } };
const { given } = specification(orderDecider);

describe('An order', () => {
  it('is placed once', () => {
    given().when(place).thenEvents(placed);
    given(placed).when(place).thenEvents();
    given(placed, cancelled).when(place).thenEvents();
  });

  it('is shipped or cancelled while it is open, and neither afterwards', () => {
    given(placed).when(ship).thenEvents(shipped);
    given(placed).when(cancel).thenEvents(cancelled);
    for (const end of [shipped, cancelled]) {
      given(placed, end).when(ship).thenRejected('ORDER_CLOSED');
      given(placed, end).when(cancel).thenRejected('ORDER_CLOSED');
    }
    given().when(ship).thenRejected('ORDER_NOT_FOUND');
    given().when(cancel).thenRejected('ORDER_NOT_FOUND');
  });

  it('sums up exactly, beyond what a double can hold', () => {
    const dearest = { productId: 'p', title: 't', price: 9_999_999_999, quantity: 10_000 };
    const most = new PlaceOrderCommand(
      ID,
      {
        customerId: '1',
        items: [...Array.from({ length: ITEMS_MAX - 1 }, () => dearest), { ...dearest, price: 1, quantity: 1 }],
      },
      metadata,
    );

    expect(order.reply(null, most as never, [])).toEqual({ orderId: ID, total: '498999999950100.01' });
    expect(order.reply(null, place as never, [])).toEqual({ orderId: ID, total: '6400.05' });
  });
});
