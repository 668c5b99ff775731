/** Choices of a fault test. They follow from its seed, which is printed, so that a failing run can be had again with `FAULT_SEED`. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  private constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** @param name of the test, as printed beside the seed */
  static announce(name: string): SeededRandom {
    const { FAULT_SEED: given } = process.env;
    const random = new SeededRandom(given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given));
    process.stdout.write(`${name}: FAULT_SEED=${random.seed}\n`);
    return random;
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.#next() * (to - from + 1));
  }

  /** True in so many of one cases. */
  chance(part: number): boolean {
    return this.#next() < part;
  }

  /** @throws Error when there is nothing to pick from */
  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** Mulberry32: from 0 up to, without, 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
