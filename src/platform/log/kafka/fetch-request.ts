import type { Broker } from 'kafkajs/src/cluster';
import { requests } from 'kafkajs/src/protocol/requests';
import { exchange } from './broker-link';
import { ByteReader } from './byte-reader';
import { refusalOfCode } from './kafka-errors';
import { decodeRecords, type AbortedTransaction, type DecodedRecords } from './record-batches';

const FETCH_VERSION = 11;
const READ_COMMITTED = 1;
const CONSUMER = -1;
const MIN_BYTES = 1;

export interface FetchPosition {
  /** With prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly refusal: string | undefined;
  readonly bytes: number;
  /** Decodes the committed records from an offset on. @throws Error when the bytes are damaged or of an unknown form */
  read(from: number, topicName: string): DecodedRecords;
}

/**
 * Asks one broker for committed records of partitions it leads (Fetch version 11); answers at once when there are any, else
 * after `maxWaitMs`. The answer is read here and not by kafkajs, which cannot step over a compacted batch whose last records
 * are gone, and makes an object per header.
 */
export async function fetchRecords(
  leader: Broker,
  positions: readonly FetchPosition[],
  maxWaitMs: number,
  maxBytes: number,
  requestTimeoutMs: number,
): Promise<readonly FetchedPartition[]> {
  const topics = [...Map.groupBy(positions, (position) => position.topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition, offset, maxBytes: bytes }) => ({
      partition,
      fetchOffset: offset,
      maxBytes: bytes,
    })),
  }));
  const { request } = requests.Fetch.protocol({ version: FETCH_VERSION })({
    replicaId: CONSUMER,
    maxWaitTime: maxWaitMs,
    minBytes: MIN_BYTES,
    maxBytes,
    isolationLevel: READ_COMMITTED,
    topics,
  });
  return exchange(leader, {
    request,
    response: { decode, parse: (decoded: { readonly partitions: readonly FetchedPartition[] }) => decoded.partitions },
    requestTimeout: maxWaitMs + requestTimeoutMs,
    logResponseError: false,
  });
}

function decode(payload: Buffer): { clientSideThrottleTime: number; partitions: FetchedPartition[] } {
  const reader = new ByteReader(payload);
  const clientSideThrottleTime = reader.int32();
  const whole = refusalOfCode(reader.int16());
  if (whole !== undefined) throw new Error(`Fetch was refused: ${whole}`);
  reader.skip(4);
  const partitions: FetchedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string();
    for (let count = reader.int32(); count > 0; count--) partitions.push(readPartition(reader, topic));
  }
  return { clientSideThrottleTime, partitions };
}

function readPartition(reader: ByteReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const refusal = refusalOfCode(reader.int16());
  reader.skip(3 * 8);
  const aborted: AbortedTransaction[] = [];
  for (let count = reader.int32(); count > 0; count--) {
    aborted.push({ producerId: reader.bigint64(), firstOffset: reader.int64() });
  }
  reader.skip(4);
  const records = reader.bytes(Math.max(reader.int32(), 0));
  return {
    topic,
    partition,
    refusal,
    bytes: records.length,
    read: (from, topicName) => decodeRecords(records, aborted, { topic: topicName, partition }, from),
  };
}
