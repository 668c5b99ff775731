import { z } from 'zod';
import { event, eventContract, type EventOf } from '../../../kernel/event-contract';
import { priceSchema, quantitySchema } from '../../../kernel/money';

/** So many lines can an order have. */
export const ITEMS_MAX = 500;

/** One line of an order; the price is minor units. */
export const orderItemSchema = z.strictObject({
  productId: z.string(),
  title: z.string(),
  price: priceSchema,
  quantity: quantitySchema,
});

export type OrderItem = z.output<typeof orderItemSchema>;

export const orderItemsSchema = z.array(orderItemSchema).min(1).max(ITEMS_MAX);

const closedSchema = z.strictObject({ customerId: z.string() });

/** What has happened to an order. These schemas are the storage format of `orders.events`: never change one, add a version. */
export const orderEvents = eventContract('orders', {
  OrderPlaced: event(z.strictObject({ customerId: z.string(), items: orderItemsSchema }), {
    customerId: '123456',
    items: [{ productId: 'kettle', title: 'Kettle', price: 3_200_00, quantity: 2 }],
  }),
  OrderShipped: event(closedSchema, { customerId: '123456' }),
  OrderCancelled: event(closedSchema, { customerId: '123456' }),
});

export type OrderEvent = EventOf<typeof orderEvents>;
