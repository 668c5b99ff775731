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
  readonly react: (event: RecordedEvent<Event>) => CommandIntent[];
}
