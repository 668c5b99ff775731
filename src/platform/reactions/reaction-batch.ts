import { NewerSchema } from '../../kernel/event-contract';
import { causeOf, deadLetter } from '../log/dead-letter';
import type { LogRecord, NewRecord } from '../log/log.port';
import type { PartitionCount, Reaction } from './reaction';
import { parkingKeyOf, type ParkedKey, type ReactionPosition } from './reaction-position';

export const EVENTS_PER_TRANSACTION_MAX = 500;
export const BYTES_PER_TRANSACTION_MAX = 512 * 1024;
const RECORD_OVERHEAD_BYTES = 512;
/** They ride in every position, and a record of Kafka may have a megabyte. */
export const PARKED_KEYS_MAX = 1_000;
const PARKED_BYTES_MAX = 512 * 1024;
const PARKED_CAUSE_LENGTH_MAX = 200;
const PARKED_KEY_BYTES = 100;

/** So many keys are parked that a fault in the code is likelier than bad records: the partition waits for an operator. */
export class ParkingFull extends Error {
  override readonly name = 'ParkingFull';
}

/** What a run of records brings about; all of it is written in one transaction, or none. */
export interface ReactionBatch {
  /** How many of the records are taken: written, parked, or without meaning. */
  readonly taken: number;
  /** Commands or messages. */
  readonly outputs: readonly NewRecord[];
  readonly deadLetters: readonly NewRecord[];
  /** Persons whose keys are to be destroyed first. */
  readonly erased: readonly string[];
  readonly parked: ReactionPosition['parked'];
  /** What keeps the next record from being taken, or parked. */
  readonly obstacle?: NewerSchema | ParkingFull;
}

/** Takes as many records as fit into one transaction, in order. Changes nothing. @param now milliseconds since the epoch */
export function takeBatch(
  reaction: Reaction,
  before: ReactionPosition['parked'],
  records: readonly LogRecord[],
  partitionsOf: PartitionCount,
  now: number,
): ReactionBatch {
  const outputs: NewRecord[] = [];
  const deadLetters: NewRecord[] = [];
  const erased: string[] = [];
  let parked = before;
  let bytes = 0;
  let taken = 0;
  const park = (key: string, entry: ParkedKey): void => {
    if (parked === before) parked = new Map(before);
    (parked as Map<string, ParkedKey>).set(key, entry);
  };
  for (const record of records.slice(0, EVENTS_PER_TRANSACTION_MAX)) {
    const key = parkingKeyOf(record);
    const waiting = parked.get(key);
    if (waiting !== undefined) {
      park(key, { ...waiting, count: waiting.count + 1 });
    } else {
      const made = reactOrFail(reaction, record, partitionsOf);
      if (made instanceof NewerSchema) return { taken, outputs, deadLetters, erased, parked, obstacle: made };
      const isParked = made instanceof Error;
      const written = isParked ? [deadLetter(reaction.name, record, made)] : made;
      bytes += bytesOf(written);
      if (bytes > BYTES_PER_TRANSACTION_MAX && taken > 0) break;
      if (isParked) {
        const full = fullFor(reaction, parked, key);
        if (full !== undefined) return { taken, outputs, deadLetters, erased, parked, obstacle: full };
        park(key, { offset: record.offset, cause: shortCause(made), count: 1, at: now });
      }
      (isParked ? deadLetters : outputs).push(...written);
      if (!isParked) erased.push(...erasedBy(reaction, record));
    }
    taken++;
  }
  return { taken, outputs, deadLetters, erased, parked };
}

/** What the record makes the consumer write. @throws Error it is to be parked, NewerSchema the partition is to wait */
export function reactTo(reaction: Reaction, record: LogRecord, partitionsOf: PartitionCount): readonly NewRecord[] {
  const made = reaction.react(record, partitionsOf);
  reaction.erases?.(record);
  if (bytesOf(made) > BYTES_PER_TRANSACTION_MAX) throw new Error(`${reaction.name} makes too much of one event`);
  return made;
}

/** The person whose key is to be destroyed because of a record that {@link reactTo} has taken. */
export function erasedBy({ erases }: Reaction, record: LogRecord): string[] {
  const person = erases?.(record);
  return person === undefined ? [] : [person];
}

/** What records take of a transaction, about. */
export function bytesOf(records: readonly NewRecord[]): number {
  return records.reduce((sum, { value }) => sum + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES, 0);
}

/** Why a key is parked, in a text short enough to be repeated in every position. */
export function shortCause(error: unknown): string {
  const cause = error instanceof NewerSchema ? `${error.name}: ${error.message}` : causeOf(error);
  return cause.slice(0, PARKED_CAUSE_LENGTH_MAX);
}

function reactOrFail(
  reaction: Reaction,
  record: LogRecord,
  partitionsOf: PartitionCount,
): readonly NewRecord[] | Error {
  try {
    return reactTo(reaction, record, partitionsOf);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function fullFor({ name }: Reaction, parked: ReactionPosition['parked'], next: string): ParkingFull | undefined {
  let bytes = next.length;
  for (const [key, { cause }] of parked) bytes += key.length + cause.length + PARKED_KEY_BYTES;
  if (parked.size < PARKED_KEYS_MAX && bytes < PARKED_BYTES_MAX) return undefined;
  return new ParkingFull(`${parked.size} keys of ${name} are parked, and no more can be: retry or drop them`);
}
