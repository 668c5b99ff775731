import { z } from 'zod';
import { event, eventContract, type EventOf } from '../../../kernel/event-contract';

/** What has happened. These schemas are the storage format of `__module__.events`: never change a published one, add a version. */
export const __nounName__Events = eventContract('__module__', {
  __Noun__Created: event(z.strictObject({ name: z.string() }), { name: 'first name' }),
  __Noun__Renamed: event(z.strictObject({ name: z.string() }), { name: 'second name' }),
});

export type __Noun__Event = EventOf<typeof __nounName__Events>;
