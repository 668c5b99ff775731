import { aggregate, unreachable, type Decider } from '../../../kernel/decider';
import { Rejected, type RejectionTable } from '../../../kernel/rejection';
import { valueCommands, type ValueCommand } from './value.commands';
import { valueEvents, type ValueEvent } from './value.events';

/** A number that is created once and then added to or multiplied; `null` before that. */
export type ValueState = { readonly value: number } | null;

export const valueRejections = {
  VALUE_NOT_FOUND: { status: 404, title: 'There is no such value' },
  VALUE_EXISTS: { status: 409, title: 'The value exists already' },
  RESULT_NOT_FINITE: { status: 422, title: 'The result is too large for a double' },
} as const satisfies RejectionTable;

export const valueDecider: Decider<ValueCommand, ValueState, ValueEvent> = {
  initialState: null,

  decide(command, state) {
    switch (command.type) {
      case 'CreateValueCommand': {
        if (state !== null) throw new Rejected('VALUE_EXISTS');
        const operand = withoutNegativeZero(command.data.value);
        return [{ type: 'ValueCreated', data: { operand, result: operand } }];
      }
      case 'UpdateValueCommand': {
        if (state === null) throw new Rejected('VALUE_NOT_FOUND');
        const { operation } = command.data;
        const operand = withoutNegativeZero(command.data.value);
        const result = withoutNegativeZero(calculate(operation, state.value, operand));
        if (!Number.isFinite(result)) throw new Rejected('RESULT_NOT_FINITE');
        return [{ type: 'ValueUpdated', data: { operation, operand, result } }];
      }
      default:
        return unreachable(command);
    }
  },

  evolve(_state, event) {
    switch (event.type) {
      case 'ValueCreated':
      case 'ValueUpdated':
        return { value: event.data.result };
      default:
        return unreachable(event);
    }
  },
};

export const value = aggregate({
  module: 'calculator',
  name: 'value',
  stateVersion: 1,
  commands: valueCommands,
  events: valueEvents,
  decider: valueDecider,
  reply: (state) => ({ value: state?.value }),
});

function calculate(operation: 'ADD' | 'MULTIPLY', left: number, right: number): number {
  switch (operation) {
    case 'ADD':
      return left + right;
    case 'MULTIPLY':
      return left * right;
    default:
      return unreachable(operation);
  }
}

/** JSON has no -0: what is stored must be what is read back. */
function withoutNegativeZero(number: number): number {
  return number === 0 ? 0 : number;
}
