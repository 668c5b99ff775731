import type { CommandMessage } from './command';
import type { EventContract, EventMessage, RecordedEvent } from './event-contract';
import type { Aggregate } from './decider';

/** A command that a process wants sent; the platform derives its id from the event's, so a repeat is the same command. */
export interface CommandIntent<Command extends CommandMessage = CommandMessage> {
  readonly to: Aggregate;
  readonly type: Command['type'];
  readonly aggregateId: string;
  readonly data: Command['data'];
}

/** A reaction across aggregates, pure: event → commands. Runs exactly once per event; a rebuild never reruns it. */
export interface Process<Event extends EventMessage = EventMessage> {
  /** `<module>.<name>`. */
  readonly name: string;
  readonly source: EventContract;
  /** Modules that it sends commands to; default: its source's. */
  readonly targets?: readonly string[];
  readonly react: (event: RecordedEvent<Event>) => CommandIntent[];
}

/**
 * Erases a process's own types for the platform, which knows events by name only. Safe because the platform hands it nothing that the
 * source's own schemas have not decoded.
 */
export function processOf<Event extends EventMessage>(definition: Process<Event>): Process {
  const erased: unknown = definition;
  return erased as Process;
}
