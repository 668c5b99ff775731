import { z } from 'zod';
import { command, type CommandOf } from '../../../kernel/command';
import { orderItemsSchema } from './order.events';

export class PlaceOrderCommand extends command(
  'PlaceOrderCommand',
  z.strictObject({ customerId: z.string(), items: orderItemsSchema }),
) {}

export class ShipOrderCommand extends command('ShipOrderCommand', z.strictObject({})) {}

export class CancelOrderCommand extends command('CancelOrderCommand', z.strictObject({})) {}

export const orderCommands = [PlaceOrderCommand, ShipOrderCommand, CancelOrderCommand] as const;

export type OrderCommand = CommandOf<typeof orderCommands>;
