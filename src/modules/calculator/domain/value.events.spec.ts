import { MalformedEvent } from '../../../kernel/event-contract';
import { valueDecider } from './value.decider';
import { valueEvents } from './value.events';

describe('ValueCreated', () => {
  it('is read from the records of its first version, to the last bit', () => {
    for (const value of [2, 0, -1.5, 0.1, 5e-324, 1.7976931348623157e308]) {
      const stored: unknown = JSON.parse(JSON.stringify({ value }));

      expect(valueEvents.decode('ValueCreated', 1, stored)).toEqual({
        type: 'ValueCreated',
        data: { operand: value, result: value },
      });
    }
  });

  it('folds to the same state from either version', () => {
    const fold = (version: number, data: unknown): unknown => {
      const { operand, result } = valueEvents.events.ValueCreated.schema.parse(
        valueEvents.decode('ValueCreated', version, data).data,
      );
      return valueDecider.evolve(null, { type: 'ValueCreated', data: { operand, result } });
    };

    expect(fold(1, { value: 7 })).toEqual({ value: 7 });
    expect(fold(2, { operand: 7, result: 7 })).toEqual(fold(1, { value: 7 }));
  });

  it('keeps the versions apart', () => {
    expect(() => valueEvents.decode('ValueCreated', 1, { operand: 2, result: 2 })).toThrow(MalformedEvent);
    expect(() => valueEvents.decode('ValueCreated', 2, { value: 2 })).toThrow(MalformedEvent);
  });
});
