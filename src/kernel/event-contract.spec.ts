import { z } from 'zod';
import { event, eventContract, MalformedEvent, NewerSchema, nextVersion } from './event-contract';

const renamedV1 = event(z.strictObject({ name: z.string() }), { name: 'Ada' });
const renamedV2 = nextVersion(
  renamedV1,
  z.strictObject({ first: z.string(), last: z.string() }),
  { first: 'Ada', last: 'Lovelace' },
  ({ name }) => ({ first: name, last: '' }),
);
const renamedV3 = nextVersion(
  renamedV2,
  z.strictObject({ full: z.string() }),
  { full: 'Ada Lovelace' },
  ({ first, last }) => ({ full: `${first} ${last}`.trim() }),
);
const contract = eventContract('people', { Renamed: renamedV3 });

describe('An event contract', () => {
  it('brings every published version to the newest shape', () => {
    expect(contract.decode('Renamed', 1, { name: 'Ada' })).toEqual({ type: 'Renamed', data: { full: 'Ada' } });
    expect(contract.decode('Renamed', 2, { first: 'Ada', last: 'L' }).data).toEqual({ full: 'Ada L' });
    expect(contract.decode('Renamed', 3, { full: 'Ada L' }).data).toEqual({ full: 'Ada L' });
  });

  it('tells a newer version from a malformed event', () => {
    expect(() => contract.decode('Renamed', 4, {})).toThrow(NewerSchema);
    expect(() => contract.decode('Renamed', 1, { name: 7 })).toThrow(MalformedEvent);
    expect(() => contract.decode('Renamed', 1, { name: 'Ada', extra: true })).toThrow(MalformedEvent);
    expect(() => contract.decode('Removed', 1, {})).toThrow(MalformedEvent);
    expect(() => contract.decode('toString', 1, {})).toThrow(MalformedEvent);
  });

  it('keeps its examples true', () => {
    for (const { schema, example } of Object.values(contract.events)) expect(schema.parse(example)).toEqual(example);
  });
});
