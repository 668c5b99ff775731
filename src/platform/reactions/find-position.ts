import { randomUUID } from 'node:crypto';
import type { Log, LogRecord } from '../log/log.port';
import { readRange } from '../log/read-range';
import { decodePosition, positionKeys, type ReactionPosition } from './reaction-position';

/** Read from the end first, twice as many each time nothing is found: the changelog may be huge, and a position is near its end. */
const RECORDS_MIN = 256;

/** One partition of a state topic, as one consumer of events sees it. */
export interface PositionPlace {
  readonly log: Log;
  /** The state topic. */
  readonly topic: string;
  readonly partition: number;
  readonly consumer: string;
}

/** What the changelog says of a consumer; nothing of both: it has never been here. */
export interface FoundPosition {
  readonly position?: ReactionPosition;
  /** Where it may begin. */
  readonly begin?: number;
}

/** The newest position that can be read now. */
export async function findPosition(place: PositionPlace, signal?: AbortSignal): Promise<FoundPosition> {
  const { log, topic, partition, consumer } = place;
  const keys = positionKeys(consumer);
  const { start, end } = await log.bounds(topic, partition);
  let begin: LogRecord | undefined;
  let to = end;
  for (let width = RECORDS_MIN; to > start && signal?.aborted !== true; width *= 2) {
    const from = Math.max(start, to - width);
    let position: LogRecord | undefined;
    let beginHere: LogRecord | undefined;
    for await (const records of readRange(log, topic, partition, from, to, signal)) {
      position = records.findLast(({ key }) => key === keys.position) ?? position;
      beginHere = records.findLast(({ key }) => key === keys.begin) ?? beginHere;
    }
    if (position !== undefined) return { position: decodePosition(position) };
    begin ??= beginHere;
    to = from;
  }
  return begin === undefined ? {} : { begin: decodePosition(begin).next };
}

/**
 * Resolves when all that was committed before can be read. On Kafka the open transaction of somebody else who writes to the partition hides
 * what was committed after it began; a record of our own, written now, comes to sight after all of that.
 */
export async function allInSight(place: PositionPlace, signal: AbortSignal): Promise<void> {
  const { log, topic, partition, consumer } = place;
  const mark = JSON.stringify(randomUUID());
  const { end } = await log.bounds(topic, partition);
  await log.append([{ topic, partition, key: positionKeys(consumer).look, value: mark, headers: {} }]);
  const seen = new AbortController();
  for await (const { records } of log.follow(topic, partition, end, AbortSignal.any([signal, seen.signal]))) {
    if (records.some(({ value }) => value === mark)) seen.abort();
  }
}
