/** Longest UTF-16 text whose UTF-8 is surely shorter than 64 bytes, so that its length takes one varint byte. */
const SHORT_TEXT_CHARS = 21;
const VARINT_BYTES_MAX = 5;

/** A growing buffer with the number forms of Kafka's protocol: big endian, zigzag varints. */
export class ByteWriter {
  private bytes: Buffer;
  private length = 0;

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafe(capacityBytes);
  }

  get position(): number {
    return this.length;
  }

  /** What was written, from a position on; valid until the next write. */
  written(from = 0): Buffer {
    return this.bytes.subarray(from, this.length);
  }

  int8(value: number): void {
    this.reserve(1);
    this.length = this.bytes.writeInt8(value, this.length);
  }

  int16(value: number): void {
    this.reserve(2);
    this.length = this.bytes.writeInt16BE(value, this.length);
  }

  int32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeInt32BE(value, this.length);
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.length = this.bytes.writeBigInt64BE(value, this.length);
  }

  int32At(position: number, value: number): void {
    this.bytes.writeInt32BE(value, position);
  }

  /** Text with its length as 16 bits; `null` is length -1. */
  string(text: string | null): void {
    if (text === null) return this.int16(-1);
    this.reserve(2 + text.length * 3);
    const size = this.bytes.write(text, this.length + 2);
    this.bytes.writeInt16BE(size, this.length);
    this.length += 2 + size;
  }

  /** Signed number of at most 32 bits. */
  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Signed number of at most 64 bits. */
  varlong(value: number): void {
    if (value === (value | 0)) return this.varint(value);
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    this.reserve(10);
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  /** Text with its length as varint; `null` is length -1. */
  varintText(text: string | null): void {
    if (text === null) return this.varint(-1);
    if (text.length <= SHORT_TEXT_CHARS) {
      this.reserve(1 + text.length * 3);
      const size = this.bytes.write(text, this.length + 1);
      this.bytes[this.length] = size << 1;
      this.length += 1 + size;
      return;
    }
    this.varint(Buffer.byteLength(text));
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length);
  }

  /** Puts the length of all that was written since `start` before it, as varint. */
  varintLengthBefore(start: number): void {
    const size = this.length - start;
    this.varint(size);
    const digits = this.length - start - size;
    const prefix = Buffer.from(this.bytes.subarray(this.length - digits, this.length));
    this.bytes.copyWithin(start + digits, start, start + size);
    prefix.copy(this.bytes, start);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
