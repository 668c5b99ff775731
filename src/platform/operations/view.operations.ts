import { z } from 'zod';
import { operation } from './operation';

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
  run: (services) => services.views.list(),
});

export const rebuildView = operation({
  name: 'views.rebuild',
  input: z.object({ view: z.string() }),
  output: z.null(),
  changes: true,
  run: async (services, { view }) => {
    await services.views.rebuild(view);
    return null;
  },
});

export const abortRebuild = operation({
  name: 'views.abort',
  input: z.object({ view: z.string() }),
  output: z.null(),
  changes: true,
  run: async (services, { view }) => {
    await services.views.abort(view);
    return null;
  },
});
