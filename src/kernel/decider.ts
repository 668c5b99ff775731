import type { AnyCommandType, CommandMessage, CommandOf } from './command';
import type { EventContract, EventMessage } from './event-contract';

/**
 * The whole behaviour of an aggregate, pure: no clock, no randomness, no I/O. Time and ids ride in the command.
 *
 * @see https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider
 */
export interface Decider<Command extends CommandMessage, State, Event extends EventMessage> {
  readonly initialState: State;
  /** @throws Rejected when the command contradicts the state */
  readonly decide: (command: Command, state: State) => Event[];
  readonly evolve: (state: State, event: Event) => State;
}

/**
 * A decider bound to its commands, events and place in the log. `module` names the topics
 * (`<module>.commands`, `.events`, `.state`); one partition holds all records of one aggregate.
 */
export interface Aggregate<
  Commands extends readonly AnyCommandType[] = readonly AnyCommandType[],
  State = unknown,
  Event extends EventMessage = EventMessage,
> {
  readonly module: string;
  /** Name of the aggregate, singular: part of `ce_source`. */
  readonly name: string;
  /** Raise it when the folded state changes shape: stored states of another version are refolded from the events. */
  readonly stateVersion: number;
  readonly commands: Commands;
  readonly events: EventContract;
  readonly decider: Decider<CommandOf<Commands>, State, Event>;
  /** What a sender who waits is told beside the version; JSON-safe. Pure, like the decider. @param events what was decided */
  readonly reply: (state: State, command: CommandOf<Commands>, events: readonly Event[]) => unknown;
}

/**
 * Erases an aggregate's own types for the platform, which knows commands and events by name only.
 * Safe because the platform hands it nothing that the aggregate's own schemas have not decoded.
 */
export function aggregate<const Commands extends readonly AnyCommandType[], State, Event extends EventMessage>(
  definition: Aggregate<Commands, State, Event>,
): Aggregate {
  const erased: unknown = definition;
  return erased as Aggregate;
}

/**
 * Ends an exhaustive `switch`: a forgotten case is a compile error, and a value from outside the types throws.
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
