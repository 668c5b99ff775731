import fc from 'fast-check';
import type { CommandMetadata } from '../../../kernel/command';
import { specification } from '../../../kernel/specification';
import { CreateValueCommand, UpdateValueCommand } from './value.commands';
import { valueDecider } from './value.decider';
import { valueEvents, type ValueEvent } from './value.events';

const { given } = specification(valueDecider);
const { ValueCreated, ValueUpdated } = valueEvents.events;
const created: ValueEvent = { type: 'ValueCreated', data: ValueCreated.example };
const updated: ValueEvent = { type: 'ValueUpdated', data: ValueUpdated.example };

const metadata: CommandMetadata = {
  commandId: '0196f1a2-0000-7000-8000-000000000001',
  identity: 'anonymous',
  correlationId: '0196f1a2-0000-7000-8000-000000000002',
  receivedAt: 1_763_712_000_000,
};
const id = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
const create = (value: number) => new CreateValueCommand(id, { value }, metadata);
const update = (operation: 'ADD' | 'MULTIPLY', value: number) =>
  new UpdateValueCommand(id, { operation, value }, metadata);

describe('A value', () => {
  it('is created once', () => {
    given().when(create(2)).thenEvents(created);
    given(created).when(create(2)).thenRejected('VALUE_EXISTS');
  });

  it('is added to and multiplied, as in the seed', () => {
    given(created).when(update('ADD', 2)).thenEvents(updated);
    given(created, updated)
      .when(update('MULTIPLY', 3))
      .thenEvents({ type: 'ValueUpdated', data: { operation: 'MULTIPLY', operand: 3, result: 12 } });
  });

  it('must exist before it is changed', () => {
    given().when(update('ADD', 1)).thenRejected('VALUE_NOT_FOUND');
  });

  it('stays when the result is not finite', () => {
    given({ type: 'ValueCreated', data: { operand: 1e308, result: 1e308 } })
      .when(update('MULTIPLY', 10))
      .thenRejected('RESULT_NOT_FINITE');
    given({ type: 'ValueCreated', data: { operand: -1.7e308, result: -1.7e308 } })
      .when(update('ADD', -1.7e308))
      .thenRejected('RESULT_NOT_FINITE');
  });

  it('stores -0 as 0', () => {
    given()
      .when(create(-0))
      .thenEvents({ type: 'ValueCreated', data: { operand: 0, result: 0 } });
    given(created)
      .when(update('MULTIPLY', -0))
      .thenEvents({ type: 'ValueUpdated', data: { operation: 'MULTIPLY', operand: 0, result: 0 } });
  });

  it('never writes what JSON cannot carry, whatever the doubles', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, fc.constantFrom('ADD' as const, 'MULTIPLY' as const), double, (start, operation, operand) => {
        const state = valueDecider.evolve(null, { type: 'ValueCreated', data: { operand: start, result: start } });
        let events: ValueEvent[] = [];
        try {
          events = valueDecider.decide(update(operation, operand), state);
        } catch {
          expect(Number.isFinite(operation === 'ADD' ? start + operand : start * operand)).toBe(false);
        }
        for (const event of events) {
          const stored: unknown = JSON.parse(JSON.stringify(event.data));
          expect(valueEvents.decode(event.type, valueEvents.version(event.type), stored)).toEqual(event);
        }
      }),
    );
  });
});
