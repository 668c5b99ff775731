import { z } from 'zod';
import { operation } from './operation';
import { OperationFailed } from './operation-failed';
import type { ViewOperations } from './operations.port';
import type { OperatorServices } from './operator-services';

const viewStatus = z.object({
  name: z.string(),
  status: z.enum(['live', 'rebuilding', 'failed']),
  generation: z.number(),
  lag: z.number(),
  progress: z
    .object({
      done: z.number(),
      total: z.number(),
      recordsPerSecond: z.number(),
      secondsLeft: z.number().nullable(),
    })
    .exactOptional(),
  failure: z.string().exactOptional(),
});

export const listViews = operation({
  name: 'views.list',
  input: z.object({}),
  output: z.array(viewStatus),
  run: (services) => views(services).list(),
});

export const rebuildView = operation({
  name: 'views.rebuild',
  input: z.object({ view: z.string() }),
  output: z.null(),
  changes: true,
  run: async (services, { view }) => {
    await views(services).rebuild(view);
    return null;
  },
});

export const abortRebuild = operation({
  name: 'views.abort',
  input: z.object({ view: z.string() }),
  output: z.null(),
  changes: true,
  run: async (services, { view }) => {
    await views(services).abort(view);
    return null;
  },
});

function views({ views: offered }: OperatorServices): ViewOperations {
  if (offered === undefined) throw new OperationFailed('UNAVAILABLE', 'this process offers no operations on views');
  return offered;
}
