import { isDeepStrictEqual } from 'node:util';
import type { FoundTopic, Log, LogRecord } from '../../log/log.port';
import { OperationFailed } from '../operation-failed';
import { readRange } from '../../log/read-range';

const RECORDS_AT_ONCE = 200;
const LENGTH_AT_ONCE = 256 * 1024;
const ID_TOPIC = 'log';

/** How many records of a topic were copied. */
export interface CopiedTopic {
  readonly name: string;
  readonly records: number;
}

/** The log to copy, and all of its topics. */
export interface CopySource {
  readonly log: Log;
  readonly topics: readonly FoundTopic[];
}

/**
 * Copies a log that nobody writes into one that is empty, record for record: topics, partitions, order, keys, values, headers and
 * timestamps. Where records are kept for ever their offsets are the same, too, because positions and dead letters name them.
 *
 * The log's id is copied last, and makes it one. A copy that was broken off is no log: its topics are to be deleted before the next attempt.
 *
 * @param beforeId is done when all else is copied and compared
 * @throws OperationFailed CONFLICT when the target is not empty or does not keep what is written; DAMAGED when an offset is missing
 */
export async function copyLog(
  source: CopySource,
  target: Log,
  signal: AbortSignal,
  beforeId: () => Promise<void>,
): Promise<CopiedTopic[]> {
  const isId = ({ name }: FoundTopic): boolean => name === ID_TOPIC;
  const [idTopics, topics] = [source.topics.filter(isId), source.topics.filter((topic) => !isId(topic))];
  await refuseUsed(source.topics, target);
  await target.ensureTopics(source.topics);
  const copied: CopiedTopic[] = [];
  for (const topic of topics) copied.push(await copyTopic(source.log, target, topic, signal));
  // What Kafka compacts or deletes may be gone already; the fold of what is kept tells of it all.
  for (const topic of topics.filter(({ policy }) => policy === 'keep')) {
    for (let partition = 0; partition < topic.partitions; partition++) {
      await compare(source.log, target, topic, partition, signal);
    }
  }
  await beforeId();
  await refuseUsed(idTopics, target);
  for (const topic of idTopics) copied.push(await copyTopic(source.log, target, topic, signal));
  return copied;
}

async function copyTopic(source: Log, target: Log, topic: FoundTopic, signal: AbortSignal): Promise<CopiedTopic> {
  let records = 0;
  for (let partition = 0; partition < topic.partitions; partition++) {
    records += await copyPartition(source, target, topic, partition, signal);
  }
  return { name: topic.name, records };
}

/** A topic that was used once counts offsets on, even when it was emptied. */
async function refuseUsed(topics: readonly FoundTopic[], target: Log): Promise<void> {
  for (const { name, partitions } of await target.find(topics.map((topic) => topic.name))) {
    for (let partition = 0; partition < partitions; partition++) {
      const { end } = await target.bounds(name, partition);
      if (end > 0) throw new OperationFailed('CONFLICT', `the target is not new: topic ${name} was written to`);
    }
  }
}

async function copyPartition(
  source: Log,
  target: Log,
  topic: FoundTopic,
  partition: number,
  signal: AbortSignal,
): Promise<number> {
  const { start, end } = await source.bounds(topic.name, partition);
  let count = 0;
  for await (const records of readRange(source, topic.name, partition, start, end, signal)) {
    for (const part of portions(records)) {
      for (const { offset } of part) {
        if (topic.policy === 'keep' && offset !== count) {
          throw new OperationFailed('DAMAGED', `${topic.name}/${partition} has no record at offset ${count}`);
        }
        count++;
      }
      await target.append(part);
    }
  }
  if (signal.aborted) throw brokenOff();
  return count;
}

/** Reads both sides. */
async function compare(
  source: Log,
  target: Log,
  { name }: FoundTopic,
  partition: number,
  signal: AbortSignal,
): Promise<void> {
  const [from, to] = [await source.bounds(name, partition), await target.bounds(name, partition)];
  if (to.end !== from.end) {
    throw new OperationFailed('CONFLICT', `${name}/${partition} ends at ${to.end} in the target, at ${from.end} here`);
  }
  const written = flat(readRange(target, name, partition, to.start, to.end, signal));
  for await (const records of readRange(source, name, partition, from.start, from.end, signal)) {
    for (const record of records) {
      if (isDeepStrictEqual(record, (await written.next()).value)) continue;
      if (signal.aborted) throw brokenOff();
      throw new OperationFailed('CONFLICT', `${name}/${partition}@${record.offset} is another record in the target`);
    }
  }
  if (signal.aborted) throw brokenOff();
}

function brokenOff(): OperationFailed {
  return new OperationFailed(
    'FAILED',
    'the copy was broken off: delete the topics of the target before the next attempt',
  );
}

async function* flat(batches: AsyncIterable<readonly LogRecord[]>): AsyncGenerator<LogRecord, undefined> {
  for await (const records of batches) yield* records;
  return undefined;
}

/** Small enough for one request each. */
function* portions(records: readonly LogRecord[]): Generator<LogRecord[]> {
  let part: LogRecord[] = [];
  let length = 0;
  for (const record of records) {
    if (part.length === RECORDS_AT_ONCE || length > LENGTH_AT_ONCE) {
      yield part;
      part = [];
      length = 0;
    }
    part.push(record);
    length += JSON.stringify([record.value, record.headers]).length;
  }
  if (part.length > 0) yield part;
}
