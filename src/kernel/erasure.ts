import type { EventContract, EventMessage, RecordedEvent } from './event-contract';

/** Says which events mean that a person is to be forgotten: the platform destroys the key of that person, once and for all. Pure. */
export interface Erasure<Event extends EventMessage = EventMessage> {
  /** `<module>.<name>`; also its consumer group. */
  readonly name: string;
  readonly source: EventContract;
  /** The person; `undefined`: the event forgets nobody. */
  readonly personOf: (event: RecordedEvent<Event>) => string | undefined;
}

/** Erases an erasure's own types for the platform, which hands it nothing that the source's own schemas have not decoded. */
export function erasureOf<Event extends EventMessage>(definition: Erasure<Event>): Erasure {
  const erased: unknown = definition;
  return erased as Erasure;
}
