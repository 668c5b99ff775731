import { z } from 'zod';
import { command, type CommandOf } from '../../../kernel/command';

export class Create__Noun__Command extends command('Create__Noun__Command', z.strictObject({ name: z.string() })) {}

export class Rename__Noun__Command extends command('Rename__Noun__Command', z.strictObject({ name: z.string() })) {}

export const __nounName__Commands = [Create__Noun__Command, Rename__Noun__Command] as const;

export type __Noun__Command = CommandOf<typeof __nounName__Commands>;
