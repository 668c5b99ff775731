/** Numbers that look random and follow from a seed alone. */
export interface SeededRandom {
  /** From `min` to `max`, whole, both included. */
  readonly between: (min: number, max: number) => number;
  /** @returns `undefined` when there is nothing to choose from */
  readonly pick: <T>(items: readonly T[]) => T | undefined;
}

/**
 * @param seeds whole numbers; other ones, or the same in another order, give other numbers
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32
 */
export function randomOf(...seeds: readonly number[]): SeededRandom {
  let state = seeds.reduce((hash, seed) => mixed(hash ^ (seed + 0x9e3779b9)), 0);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return { between, pick: (items) => items[between(0, items.length - 1)] };
}

/** The end of MurmurHash3: near numbers become far ones. */
function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
