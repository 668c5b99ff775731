import { randomUUID } from 'node:crypto';
import { KeyFilter } from './key-filter';

describe('KeyFilter', () => {
  it('holds every key that was added, and next to none that was not', () => {
    const filter = new KeyFilter();
    const added = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? randomUUID() : `key ${index}`));
    for (const key of added) filter.add(key);
    expect(added.filter((key) => !filter.mayHold(key))).toEqual([]);
    const others = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? randomUUID() : `other ${index}`));
    expect(others.filter((key) => filter.mayHold(key)).length).toBeLessThan(20);
  });

  it('holds nothing before a key was added', () => {
    expect(new KeyFilter().mayHold('')).toBe(false);
  });
});
