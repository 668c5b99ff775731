import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { LogRecord } from '../log.port';
import { ByteReader } from './byte-reader';

const BATCH_OVERHEAD_BYTES = 61;
const LENGTH_END_BYTES = 12;
const MAGIC = 2;
const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const IN_TRANSACTION = 0x10;
const CONTROL = 0x20;
const ABORT_MARKER = 0;
const GZIP = 1;
const ZSTD = 4;

/** A transaction whose records, from `firstOffset` up to its abort marker, must not be seen. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface DecodedRecords {
  readonly records: readonly LogRecord[];
  /** Offset after the last batch read, whether or not it held data; `from` when there was none. */
  readonly next: number;
}

interface BatchHead {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly attributes: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly count: number;
}

/**
 * Reads record batches of a Fetch answer: committed data from offset `from` on, without control records and aborted
 * transactions. A batch cut off at the end is left for the next fetch.
 *
 * @throws Error when the form or the compression is unknown, or offsets do not rise
 */
export function decodeRecords(
  bytes: Buffer,
  aborted: readonly AbortedTransaction[],
  place: { readonly topic: string; readonly partition: number },
  from: number,
): DecodedRecords {
  const reader = new ByteReader(bytes);
  const records: LogRecord[] = [];
  const pending = aborted.toSorted((left, right) => left.firstOffset - right.firstOffset);
  const aborting = new Set<bigint>();
  let next = from;
  let previous = -1;
  while (reader.left >= BATCH_OVERHEAD_BYTES) {
    const end = reader.position + LENGTH_END_BYTES + bytes.readInt32BE(reader.position + 8);
    if (end > bytes.length) break;
    const head = readHead(reader);
    if (head.baseOffset <= previous) throw new Error(`offset ${head.baseOffset} of ${place.topic} does not rise`);
    previous = head.lastOffset;
    while (pending[0] !== undefined && pending[0].firstOffset <= head.lastOffset) {
      const transaction = pending.shift();
      if (transaction !== undefined) aborting.add(transaction.producerId);
    }
    if ((head.attributes & CONTROL) !== 0) {
      if (isAbortMarker(reader)) aborting.delete(head.producerId);
    } else if (
      head.lastOffset >= from &&
      ((head.attributes & IN_TRANSACTION) === 0 || !aborting.has(head.producerId))
    ) {
      readRecords(bodyOf(reader, end, head.attributes), head, place, from, records);
    }
    reader.position = end;
    next = Math.max(next, head.lastOffset + 1);
  }
  return { records, next };
}

function readHead(reader: ByteReader): BatchHead {
  const baseOffset = reader.int64();
  reader.skip(4 + 4);
  const magic = reader.int8();
  if (magic !== MAGIC) throw new Error(`record batch of format ${magic} cannot be read`);
  reader.skip(4);
  const attributes = reader.int16();
  const lastOffset = baseOffset + reader.int32();
  const firstTimestamp = reader.int64();
  const maxTimestamp = reader.int64();
  const producerId = reader.bigint64();
  reader.skip(2 + 4);
  return { baseOffset, lastOffset, attributes, firstTimestamp, maxTimestamp, producerId, count: reader.int32() };
}

function bodyOf(reader: ByteReader, end: number, attributes: number): ByteReader {
  const compression = attributes & COMPRESSION_MASK;
  if (compression === 0) return reader;
  const packed = reader.bytes(end - reader.position);
  if (compression === GZIP) return new ByteReader(gunzipSync(packed));
  if (compression === ZSTD) return new ByteReader(zstdDecompressSync(packed));
  throw new Error(`record batch of compression ${compression} cannot be read; gzip, zstd or none can`);
}

function readRecords(
  reader: ByteReader,
  head: BatchHead,
  place: { readonly topic: string; readonly partition: number },
  from: number,
  into: LogRecord[],
): void {
  const appendTime = (head.attributes & LOG_APPEND_TIME) !== 0;
  for (let index = 0; index < head.count; index++) {
    const size = reader.varint();
    const end = reader.position + size;
    reader.skip(1);
    const timestamp = appendTime ? (reader.varint(), head.maxTimestamp) : head.firstTimestamp + reader.varint();
    const offset = head.baseOffset + reader.varint();
    if (offset >= from) {
      const key = reader.varintText();
      const value = reader.varintText();
      const headers = readHeaders(reader);
      into.push({
        topic: place.topic,
        partition: place.partition,
        offset,
        key,
        value,
        headers,
        timestamp,
        decoded: undefined,
      });
    }
    reader.position = end;
  }
}

function readHeaders(reader: ByteReader): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let count = reader.varint(); count > 0; count--) {
    const name = reader.varintText() ?? '';
    headers[name] = reader.varintText() ?? '';
  }
  return headers;
}

/** A control record's key is a version and a type, 16 bits each. */
function isAbortMarker(reader: ByteReader): boolean {
  reader.varint();
  reader.skip(1);
  reader.varint();
  reader.varint();
  reader.varint();
  reader.skip(2);
  return reader.int16() === ABORT_MARKER;
}
