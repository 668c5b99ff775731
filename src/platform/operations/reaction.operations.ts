import { z } from 'zod';
import { operation } from './operation';
import { OperationFailed } from './operation-failed';
import type { OperatorServices } from './operator-services';
import type { ReactionOperations } from './operations.port';

const reactionStatus = z.object({
  consumer: z.string(),
  topic: z.string(),
  partition: z.number(),
  next: z.number().nullable(),
  lag: z.number(),
  parkedKeys: z.number(),
});

export const listReactions = operation({
  name: 'reactions.list',
  input: z.object({}),
  output: z.array(reactionStatus),
  run: (services) => reactionsOf(services).list(),
});

export const beginReaction = operation({
  name: 'reactions.begin',
  input: z.object({ consumer: z.string(), at: z.enum(['start', 'end']) }),
  output: z.null(),
  changes: true,
  run: async (services, { consumer, at }) => {
    await reactionsOf(services).begin(consumer, at);
    return null;
  },
});

function reactionsOf({ reactions }: OperatorServices): ReactionOperations {
  if (reactions === undefined) throw new OperationFailed('UNAVAILABLE', 'nobody here knows what processes there are');
  return reactions;
}
