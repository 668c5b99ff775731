import type { Broker } from 'kafkajs/src/cluster';
import Encoder from 'kafkajs/src/protocol/encoder';
import type { NewRecord } from '../log.port';
import { exchange } from './broker-link';
import { ByteWriter } from './byte-writer';
import { crc32c } from './crc32c';
import { refusalOfCode } from './kafka-errors';

const PRODUCE_KEY = 0;
const PRODUCE_VERSION = 7;
const ALL_REPLICAS = -1;
const MAGIC = 2;
const IN_TRANSACTION = 0x10;
const NO_TIME = -1n;
const BATCH_BYTES_GUESS = 16_384;

/** Records for one partition, in order. */
export interface PartitionRecords {
  /** With prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly NewRecord[];
  /** Timestamp of those that have none. */
  readonly time: number;
  /** Sequence number of the first record, by which the broker knows a repeat. */
  readonly firstSequence: number;
}

export interface ProducerIdentity {
  /** `null` outside of transactions. */
  readonly transactionalId: string | null;
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** What the leader says of a batch: written, or why not. */
export interface BatchAnswer {
  readonly refusal: string | undefined;
  /**
   * Offset of the first record; `undefined` when it is not told, when the broker has put its own time in place of the records', or when the
   * batch was a repeat (then it tells a time too).
   */
  readonly firstOffset: number | undefined;
  /** First offset that the partition holds; `undefined` when it is not told. */
  readonly logStart?: number | undefined;
}

interface PartitionAnswer extends BatchAnswer {
  readonly topic: string;
  readonly partition: number;
}

/** Silence about a batch: it may be written. */
export const NO_ANSWER: BatchAnswer = { refusal: 'REQUEST_TIMED_OUT', firstOffset: undefined };

/**
 * Writes record batches to the leader of their partitions (Produce version 7, acknowledged by all in-sync replicas). Made here
 * and not by kafkajs, because kafkajs makes a 512-byte buffer per record and per header and hides which partitions refused.
 *
 * @returns each batch with its answer
 */
export async function produce<Batch extends PartitionRecords>(
  leader: Broker,
  batches: readonly Batch[],
  timeoutMs: number,
  identity: ProducerIdentity,
): Promise<readonly (readonly [Batch, BatchAnswer])[]> {
  const answers = await exchange<readonly PartitionAnswer[]>(leader, {
    request: {
      apiKey: PRODUCE_KEY,
      apiVersion: PRODUCE_VERSION,
      apiName: 'Produce',
      encode: async () => {
        const bytes = encodeProduce(batches, timeoutMs, identity);
        return new Encoder(bytes.length).writeBuffer(bytes);
      },
    },
    response: { decode, parse: (decoded: { readonly answers: readonly PartitionAnswer[] }) => decoded.answers },
    logResponseError: false,
  });
  return batches.map((batch) => {
    const { topic, partition } = batch;
    return [batch, answers.find((answer) => answer.topic === topic && answer.partition === partition) ?? NO_ANSWER];
  });
}

/** The body of a Produce request. */
export function encodeProduce(
  batches: readonly PartitionRecords[],
  timeoutMs: number,
  identity: ProducerIdentity,
): Buffer {
  const writer = new ByteWriter(BATCH_BYTES_GUESS);
  writer.string(identity.transactionalId);
  writer.int16(ALL_REPLICAS);
  writer.int32(timeoutMs);
  const topics = Map.groupBy(batches, (batch) => batch.topic);
  writer.int32(topics.size);
  for (const [topic, ofTopic] of topics) {
    writer.string(topic);
    writer.int32(ofTopic.length);
    for (const batch of ofTopic) {
      writer.int32(batch.partition);
      const size = writer.position;
      writer.int32(0);
      writeBatch(writer, batch, identity);
      writer.int32At(size, writer.position - size - 4);
    }
  }
  return writer.written();
}

/** @see https://kafka.apache.org/documentation/#recordbatch */
function writeBatch(writer: ByteWriter, batch: PartitionRecords, identity: ProducerIdentity): void {
  const { time } = batch;
  const first = batch.records[0]?.timestamp ?? time;
  let latest = first;
  for (const record of batch.records) latest = Math.max(latest, record.timestamp ?? time);

  writer.int64(0n);
  const length = writer.position;
  writer.int32(0);
  writer.int32(-1);
  writer.int8(MAGIC);
  const crc = writer.position;
  writer.int32(0);
  const checked = writer.position;
  writer.int16(identity.transactionalId === null ? 0 : IN_TRANSACTION);
  writer.int32(batch.records.length - 1);
  writer.int64(BigInt(first));
  writer.int64(BigInt(latest));
  writer.int64(BigInt(identity.producerId));
  writer.int16(identity.producerEpoch);
  writer.int32(batch.firstSequence);
  writer.int32(batch.records.length);
  batch.records.forEach((record, index) => writeRecord(writer, record, index, (record.timestamp ?? time) - first));
  writer.int32At(length, writer.position - length - 4);
  writer.int32At(crc, crc32c(writer.written(checked)) | 0);
}

function writeRecord(writer: ByteWriter, record: NewRecord, offsetDelta: number, timestampDelta: number): void {
  const start = writer.position;
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writer.varintText(record.key);
  writer.varintText(record.value);
  const names = Object.keys(record.headers);
  writer.varint(names.length);
  for (const name of names) {
    writer.varintText(name);
    writer.varintText(record.headers[name] ?? '');
  }
  writer.varintLengthBefore(start);
}

function decode(payload: Buffer): { clientSideThrottleTime: number; answers: PartitionAnswer[] } {
  const answers: PartitionAnswer[] = [];
  let at = 4;
  for (let topics = payload.readInt32BE(0); topics > 0; topics--) {
    const size = payload.readInt16BE(at);
    const topic = payload.toString('utf8', at + 2, at + 2 + size);
    at += 2 + size + 4;
    for (let partitions = payload.readInt32BE(at - 4); partitions > 0; partitions--) {
      const firstOffset = Number(payload.readBigInt64BE(at + 6));
      const logStart = Number(payload.readBigInt64BE(at + 22));
      const isTimed = payload.readBigInt64BE(at + 14) !== NO_TIME;
      answers.push({
        topic,
        partition: payload.readInt32BE(at),
        refusal: refusalOfCode(payload.readInt16BE(at + 4)),
        firstOffset: firstOffset < 0 || isTimed ? undefined : firstOffset,
        logStart: logStart < 0 ? undefined : logStart,
      });
      at += 4 + 2 + 8 + 8 + 8;
    }
  }
  return { clientSideThrottleTime: payload.readInt32BE(at), answers };
}
