import { z } from 'zod';
import { event, eventContract, type EventOf } from '../../../kernel/event-contract';

/** What has been done to a value. These schemas are the storage format of `calculator.events`: never change one, add a version. */
export const valueEvents = eventContract('calculator', {
  ValueCreated: event(z.strictObject({ value: z.number() }), { value: 2 }),
  ValueUpdated: event(
    z.strictObject({
      operation: z.enum(['ADD', 'MULTIPLY']),
      operand: z.number(),
      /** What the operation gave, so that no reader has to know arithmetic. */
      result: z.number(),
    }),
    { operation: 'ADD', operand: 2, result: 4 },
  ),
});

export type ValueEvent = EventOf<typeof valueEvents>;
