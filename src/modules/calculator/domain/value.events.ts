import { z } from 'zod';
import { event, eventContract, nextVersion, type EventOf } from '../../../kernel/event-contract';

const valueCreatedV1 = event(z.strictObject({ value: z.number() }), { value: 2 });

/** What was given and what it made, under the names that every later step has. */
const valueCreated = nextVersion(
  valueCreatedV1,
  z.strictObject({ operand: z.number(), result: z.number() }),
  { operand: 2, result: 2 },
  ({ value }) => ({ operand: value, result: value }),
);

/** What has been done to a value. These schemas are the storage format of `calculator.events`: never change one, add a version. */
export const valueEvents = eventContract('calculator', {
  ValueCreated: valueCreated,
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
