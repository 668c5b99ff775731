import { z } from 'zod';
import { operation } from './operation';
import { OperationFailed } from './operation-failed';

const deadLetter = z.object({
  id: z.string(),
  consumer: z.string(),
  topic: z.string(),
  partition: z.number(),
  offset: z.number(),
  key: z.string().nullable(),
  cause: z.string(),
  parkedAt: z.string(),
  behind: z.number(),
});

const deadLetterDetail = deadLetter.extend({
  headers: z.record(z.string(), z.string()),
  value: z.string().nullable(),
});

const id = z.object({ id: z.string() });

export const listDeadLetters = operation({
  name: 'dead-letters.list',
  input: z.object({}),
  output: z.array(deadLetter),
  run: (services) => services.deadLetters.list(),
});

export const showDeadLetter = operation({
  name: 'dead-letters.show',
  input: id,
  output: deadLetterDetail,
  run: async (services, input) => {
    const found = await services.deadLetters.show(input.id);
    if (found === undefined) throw new OperationFailed('NOT_FOUND', `there is no dead letter ${input.id}`);
    return found;
  },
});

export const retryDeadLetter = operation({
  name: 'dead-letters.retry',
  input: id,
  output: z.null(),
  changes: true,
  run: async (services, input) => {
    await services.deadLetters.retry(input.id);
    return null;
  },
});

export const dropDeadLetter = operation({
  name: 'dead-letters.drop',
  input: id,
  output: z.null(),
  changes: true,
  run: async (services, input) => {
    await services.deadLetters.drop(input.id);
    return null;
  },
});
