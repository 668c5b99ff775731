import { z } from 'zod';
import { command, type CommandOf } from '../../../kernel/command';

export class CreateValueCommand extends command('CreateValueCommand', z.strictObject({ value: z.number() })) {}

export class UpdateValueCommand extends command(
  'UpdateValueCommand',
  z.strictObject({ operation: z.enum(['ADD', 'MULTIPLY']), value: z.number() }),
) {}

export const valueCommands = [CreateValueCommand, UpdateValueCommand] as const;

export type ValueCommand = CommandOf<typeof valueCommands>;
