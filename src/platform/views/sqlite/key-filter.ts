const BITS = 2 ** 25;
const HASHES = 6;

/** A Bloom filter of keys: 4 MB, wrong about one in a hundred at three million keys, and only by holding too much. */
export class KeyFilter {
  private readonly words = new Int32Array(BITS / 32);

  add(key: string): void {
    const [first, step] = hashesOf(key);
    for (let number = 0; number < HASHES; number++) {
      const bit = (first + number * step) & (BITS - 1);
      this.words[bit >>> 5] = (this.words[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  /** False only for a key that was never added. */
  mayHold(key: string): boolean {
    const [first, step] = hashesOf(key);
    for (let number = 0; number < HASHES; number++) {
      const bit = (first + number * step) & (BITS - 1);
      if (((this.words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

/** Two FNV-1a hashes of other seeds; the second is odd, so that it reaches every bit. */
function hashesOf(key: string): [number, number] {
  let first = 0x811c9dc5;
  let step = 0x9e3779b9;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    step = Math.imul(step ^ code, 0x01000193);
  }
  return [(first ^ (first >>> 15)) >>> 0, (step ^ (step >>> 13)) | 1];
}
