import type { z } from 'zod';
import type { EventContract, EventMessage, RecordedEvent } from './event-contract';

/** A topic that other modules and systems may read: the only thing that they need to know of who writes it. */
export interface PublicTopic<Data = unknown> {
  readonly topic: string;
  readonly policy: 'keep' | 'compact';
  /** What a message's data must be; it is checked before it is written, and when it is read. */
  readonly schema: z.ZodType<Data>;
}

/** One message on a public topic; `data: null` is a tombstone on a compacted topic. */
export interface PublicMessage<Data = unknown> {
  readonly key: string;
  /** `ce_type`. */
  readonly type: string;
  readonly data: Data | null;
}

/** An event → public message mapping, pure: what other systems may see of a module, in a schema of its own. */
export interface Publication<Event extends EventMessage = EventMessage, Data = unknown> extends PublicTopic<Data> {
  /** `<module>.<name>`; also its consumer group, and its name in the setting `VIEWS`. */
  readonly name: string;
  readonly source: EventContract;
  readonly publish: (event: RecordedEvent<Event>) => PublicMessage<Data>[];
}

/**
 * Erases a publication's own types for the platform, which knows events and messages by name only. Safe because the platform hands it
 * nothing that the source's own schemas have not decoded, and checks what comes out by the publication's schema.
 */
export function publicationOf<Event extends EventMessage, Data>(definition: Publication<Event, Data>): Publication {
  const erased: unknown = definition;
  return erased as Publication;
}
