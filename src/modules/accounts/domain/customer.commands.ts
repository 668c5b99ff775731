import { z } from 'zod';
import { command, type CommandOf } from '../../../kernel/command';
import { customerSchema } from './customer.document';

/** Creates the customer, or replaces all that is known of it. */
export class SaveCustomerCommand extends command('SaveCustomerCommand', z.strictObject({ customer: customerSchema })) {}

export class EraseCustomerCommand extends command('EraseCustomerCommand', z.strictObject({})) {}

export const customerCommands = [SaveCustomerCommand, EraseCustomerCommand] as const;

export type CustomerCommand = CommandOf<typeof customerCommands>;
