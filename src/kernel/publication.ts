import type { z } from 'zod';
import type { EventContract, EventMessage, RecordedEvent } from './event-contract';

/** One message on a public topic; `data: null` is a tombstone on a compacted topic. */
export interface PublicMessage<Data = unknown> {
  readonly key: string;
  /** `ce_type`. */
  readonly type: string;
  readonly data: Data | null;
}

/** An event → public message mapping, pure: what other systems may see of a module, in a schema of its own. */
export interface Publication<Event extends EventMessage = EventMessage, Data = unknown> {
  /** `<module>.<name>`. */
  readonly name: string;
  readonly source: EventContract;
  readonly topic: string;
  readonly policy: 'keep' | 'compact';
  readonly schema: z.ZodType<Data>;
  readonly publish: (event: RecordedEvent<Event>) => PublicMessage<Data>[];
}
