/** Reads the number forms of Kafka's protocol from a buffer, front to back. */
export class ByteReader {
  position = 0;

  constructor(readonly buffer: Buffer) {}

  get left(): number {
    return this.buffer.length - this.position;
  }

  skip(bytes: number): void {
    this.position += bytes;
  }

  int8(): number {
    return this.buffer.readInt8(this.position++);
  }

  int16(): number {
    this.position += 2;
    return this.buffer.readInt16BE(this.position - 2);
  }

  int32(): number {
    this.position += 4;
    return this.buffer.readInt32BE(this.position - 4);
  }

  /** Exact up to 2^53. */
  int64(): number {
    return Number(this.bigint64());
  }

  bigint64(): bigint {
    this.position += 8;
    return this.buffer.readBigInt64BE(this.position - 8);
  }

  /** Text with its length as 16 bits. */
  string(): string {
    const size = this.int16();
    return size < 0 ? '' : this.text(size);
  }

  bytes(size: number): Buffer {
    this.position += size;
    return this.buffer.subarray(this.position - size, this.position);
  }

  /** Zigzag number of up to 64 bits, exact up to 2^53. */
  varint(): number {
    let byte = this.next();
    let low = byte & 0x7f;
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.next();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    return this.longVarint(BigInt(low));
  }

  /** Text with its length as varint; length -1 is `null`. Bytes that are no UTF-8 become replacement characters. */
  varintText(): string | null {
    const size = this.varint();
    return size < 0 ? null : this.text(size);
  }

  private text(size: number): string {
    const start = this.position;
    this.position += size;
    return this.buffer.toString('utf8', start, this.position);
  }

  private next(): number {
    return this.buffer[this.position++] ?? 0;
  }

  private longVarint(low: bigint): number {
    let value = low;
    for (let shift = 28n; shift < 64n; shift += 7n) {
      const byte = this.next();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return Number((value >> 1n) ^ -(value & 1n));
  }
}
