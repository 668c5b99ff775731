import type { CommandMessage } from './command';
import type { Decider } from './decider';
import type { EventMessage } from './event-contract';
import { Rejected } from './rejection';

/** `when` of a specification: ends in what must follow. */
interface Outcome<Event extends EventMessage> {
  /** @throws Error when other events follow, or none */
  thenEvents(...expected: Event[]): void;
  /** @throws Error when the command is accepted, or rejected with another code */
  thenRejected(code: string): void;
}

/**
 * Given/when/then for a decider: `given(...events).when(command).thenEvents(...events)`. Every history is folded twice, and the state is sent
 * through JSON in between, as the state store does: a fold that is not pure, or a state that JSON cannot carry, fails.
 */
export function specification<Command extends CommandMessage, State, Event extends EventMessage>(
  decider: Decider<Command, State, Event>,
): { readonly given: (...history: Event[]) => { when(command: Command): Outcome<Event> } } {
  return {
    given: (...history) => ({
      when(command) {
        const decided = decide(decider, history, command);
        return {
          thenEvents(...expected) {
            if (decided instanceof Rejected)
              throw new Error(`rejected with ${decided.code}, expected ${show(expected)}`);
            if (!same(decided, expected)) throw new Error(`expected ${show(expected)}, got ${show(decided)}`);
          },
          thenRejected(code) {
            const got = decided instanceof Rejected ? decided.code : show(decided);
            if (got !== code) throw new Error(`expected the rejection ${code}, got ${got}`);
          },
        };
      },
    }),
  };
}

function decide<Command extends CommandMessage, State, Event extends EventMessage>(
  decider: Decider<Command, State, Event>,
  history: readonly Event[],
  command: Command,
): Event[] | Rejected {
  const state = history.reduce(decider.evolve, decider.initialState);
  const again = history.reduce(
    (folded, event) => throughJson(decider.evolve(folded, throughJson(event))),
    decider.initialState,
  );
  if (!same(state, again)) throw new Error(`a second replay gave ${show(again)} instead of ${show(state)}`);
  try {
    const events = decider.decide(command, state);
    // What follows must be foldable too.
    events.reduce(decider.evolve, state);
    return events;
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}

function throughJson<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** Structural equality that tells 0 from -0 and knows NaN. */
function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length || Array.isArray(left) !== Array.isArray(right)) return false;
  return keys.every(
    (key) => Object.hasOwn(right, key) && same(Reflect.get(left, key) as unknown, Reflect.get(right, key) as unknown),
  );
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
