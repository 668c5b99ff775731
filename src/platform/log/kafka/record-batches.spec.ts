import { gzipSync, zstdCompressSync } from 'node:zlib';
import { crc32c } from './crc32c';
import { encodeProduce } from './produce-request';
import { decodeRecords } from './record-batches';
import type { NewRecord } from '../log.port';

const PLACE = { topic: 't', partition: 0 };
const BASE_OFFSET_BYTES = 8;
const BODY_AT = 61;

describe('record batches', () => {
  const records: NewRecord[] = [
    { topic: 't', key: null, value: null, headers: {}, timestamp: 1_000 },
    { topic: 't', key: '', value: '', headers: { a: '' }, timestamp: 900 },
    { topic: 't', key: 'ß漢😀', value: 'x'.repeat(70_000), headers: { ü: '漢'.repeat(100) }, timestamp: 2 ** 41 },
    {
      topic: 't',
      key: 'k'.repeat(22),
      value: '{"n":1}',
      headers: { long: 'y'.repeat(63), longer: 'y'.repeat(64) },
      timestamp: 5,
    },
  ];
  const expected = records.map((record, index) => ({ ...record, partition: 0, offset: 100 + index }));

  it('come back as they were written', () => {
    expect(decodeRecords(batch(records, 100), [], PLACE, 0)).toEqual({ records: expected, next: 104 });
  });

  it('are read from the middle', () => {
    expect(decodeRecords(batch(records, 100), [], PLACE, 102).records).toEqual(expected.slice(2));
  });

  it('are read when packed by gzip or zstd, and refused when packed otherwise', () => {
    for (const [compression, pack] of [
      [1, gzipSync],
      [4, zstdCompressSync],
    ] as const) {
      expect(decodeRecords(packed(batch(records, 100), compression, pack), [], PLACE, 0).records).toEqual(expected);
    }
    const lz4 = packed(batch(records, 100), 3, (bytes) => bytes);
    expect(() => decodeRecords(lz4, [], PLACE, 0)).toThrow('compression 3');
  });

  it('leave a batch that was cut off for the next fetch', () => {
    const whole = batch(records.slice(0, 2), 10);
    const cut = Buffer.concat([whole, batch(records, 12).subarray(0, 200)]);
    const read = decodeRecords(cut, [], PLACE, 0);
    expect(read.records).toHaveLength(2);
    expect(read.next).toBe(12);
  });

  it('hide aborted transactions up to their marker, and move over control records', () => {
    const some = records.slice(0, 1);
    const bytes = Buffer.concat([
      transactional(batch(some, 0), 7n),
      transactional(batch(some, 1), 8n),
      marker(2, 7n, 0),
      transactional(batch(some, 3), 7n),
      batch(some, 4),
      marker(5, 7n, 1),
    ]);
    const read = decodeRecords(bytes, [{ producerId: 7n, firstOffset: 0 }], PLACE, 0);
    expect(read.records.map(({ offset }) => offset)).toEqual([1, 3, 4]);
    expect(read.next).toBe(6);
  });

  it('move over a batch whose last records were compacted away', () => {
    const bytes = batch(records.slice(0, 1), 20);
    bytes.writeInt32BE(9, 23);
    expect(decodeRecords(bytes, [], PLACE, 21)).toEqual({ records: [], next: 30 });
  });

  it('must rise', () => {
    const bytes = Buffer.concat([batch(records, 10), batch(records, 12)]);
    expect(() => decodeRecords(bytes, [], PLACE, 0)).toThrow('does not rise');
  });

  it('carry the checksum that Kafka expects', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    const bytes = batch(records, 0);
    expect(crc32c(bytes.subarray(21))).toBe(bytes.readUInt32BE(17));
  });
});

const plain = { transactionalId: null, producerId: '7', producerEpoch: 0 };

/** The record batch inside a Produce request for one partition. */
function batch(records: readonly NewRecord[], baseOffset: number): Buffer {
  const request = encodeProduce([{ topic: 't', partition: 0, records, time: 0, firstSequence: 0 }], 1_000, plain);
  const bytes = Buffer.from(request.subarray(request.length - batchLength(request)));
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  return bytes;
}

/** Transactional id, acks, time, one topic, one partition and the length stand before it. */
function batchLength(request: Buffer): number {
  return request.readInt32BE(2 + 2 + 4 + 4 + 3 + 4 + 4);
}

function transactional(bytes: Buffer, producerId: bigint, control = 0): Buffer {
  bytes.writeInt16BE(bytes.readInt16BE(21) | 0x10 | control, 21);
  bytes.writeBigInt64BE(producerId, 43);
  return bytes;
}

/** A control batch: type 0 aborts, 1 commits. */
function marker(offset: number, producerId: bigint, type: number): Buffer {
  const bytes = batch([{ topic: 't', key: String.fromCharCode(0, 0, 0, type), value: 'm', headers: {} }], offset);
  return transactional(bytes, producerId, 0x20);
}

function packed(bytes: Buffer, compression: number, pack: (bytes: Buffer) => Buffer): Buffer {
  const body = pack(bytes.subarray(BODY_AT));
  const head = Buffer.from(bytes.subarray(0, BODY_AT));
  head.writeInt32BE(head.length + body.length - BASE_OFFSET_BYTES - 4, BASE_OFFSET_BYTES);
  head.writeInt16BE(compression, 21);
  return Buffer.concat([head, body]);
}
