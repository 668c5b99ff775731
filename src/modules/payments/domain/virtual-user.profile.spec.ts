import fc from 'fast-check';
import { VIRTUAL_IDS, virtualNumber, virtualProfile } from './virtual-user.profile';

const seeds = fc.nat(999_999_999);
const numbers = fc.integer({ min: 1, max: 100_000 });

describe('a virtual user', () => {
  it('is the same for the same seed and number', () => {
    fc.assert(
      fc.property(seeds, numbers, (seed, number) => {
        expect(virtualProfile(seed, number)).toEqual(virtualProfile(seed, number));
      }),
    );
    expect(virtualProfile(1, 1)).toEqual({ id: 'virtual-user-1', name: 'Linh Osei', username: 'linh.osei' });
  });

  it('has a first and a last name that nobody else of the first 1,600 has', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const profiles = Array.from({ length: 1_600 }, (_, index) => virtualProfile(seed, index + 1));
        expect(new Set(profiles.map(({ name }) => name)).size).toBe(1_600);
        expect(profiles.filter(({ name }) => !/^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('has another name for another seed', () => {
    expect(new Set(Array.from({ length: 20 }, (_, seed) => virtualProfile(seed, 1).name)).size).toBeGreaterThan(15);
  });

  it('is known by its id', () => {
    fc.assert(
      fc.property(seeds, numbers, (seed, number) => {
        const { id } = virtualProfile(seed, number);
        expect(virtualNumber(id)).toBe(number);
        expect(id >= VIRTUAL_IDS.from && id < VIRTUAL_IDS.to).toBe(true);
      }),
    );
    for (const id of ['', 'alice', 'virtual-user-', 'virtual-user-0', 'virtual-user-x', 'my-virtual-user-1']) {
      expect(virtualNumber(id)).toBeUndefined();
    }
  });
});
