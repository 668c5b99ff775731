import { deadLetter, settlementOf } from '../log/dead-letter';
import type { Log, LogRecord, NewRecord } from '../log/log.port';
import { readRange } from '../log/read-range';
import type { Reaction } from './reaction';
import {
  BYTES_PER_TRANSACTION_MAX,
  bytesOf,
  erasedBy,
  EVENTS_PER_TRANSACTION_MAX,
  reactTo,
  shortCause,
} from './reaction-batch';
import { parkingKeyOf, type ParkedKey } from './reaction-position';

/** What an operator has asked for a key. */
export type KeyRequest = 'retry' | 'drop';

/** Where the events of a parked key are. */
export interface ParkedEvents {
  readonly log: Log;
  readonly reaction: Reaction;
  readonly topic: string;
  readonly partition: number;
  /** Offset up to which the consumer has taken all events: what comes later is not parked. */
  readonly next: number;
  readonly signal: AbortSignal;
}

/** One transaction of a settlement. */
export interface SettlementStep {
  /** What the events have led to. */
  readonly outputs: readonly NewRecord[];
  /** Persons whose keys are to be destroyed first. */
  readonly erased: readonly string[];
  /** Dead letters and their settlements. */
  readonly notes: readonly NewRecord[];
  /** The key afterwards; `undefined`: nothing of it is parked any more. */
  readonly entry: ParkedKey | undefined;
}

/**
 * Hands the events of a parked key to its consumer once more, in order: the first that fails is the new dead letter, with those behind it.
 * Each step is to be written before the next one is asked for. Ends without a last step when the signal aborts.
 */
export async function* settleKey(
  { log, reaction, topic, partition, next, signal }: ParkedEvents,
  key: string,
  head: ParkedKey,
  request: KeyRequest,
): AsyncGenerator<SettlementStep> {
  const settled = (offset: number): NewRecord => {
    const how = request === 'drop' && offset === head.offset ? 'dropped' : 'retried';
    return settlementOf(reaction.name, { topic, partition, offset, key }, how);
  };
  let current = head;
  let outputs: NewRecord[] = [];
  let erased: string[] = [];
  let events = 0;
  /** The dead letter moves to a later record of the key. */
  const moved = (record: LogRecord, entry: ParkedKey, cause: unknown): SettlementStep => {
    const before = current.offset === record.offset ? [] : [settled(current.offset)];
    current = entry;
    return { outputs, erased, notes: [...before, deadLetter(reaction.name, record, cause)], entry };
  };
  let waiting = head.count;
  for await (const records of readRange(log, topic, partition, head.offset, next, signal)) {
    for (const record of records) {
      if (parkingKeyOf(record) !== key) continue;
      const { offset } = record;
      if (request === 'drop' && offset === head.offset) {
        waiting--;
        continue;
      }
      let made: readonly NewRecord[];
      try {
        made = reactTo(reaction, record, (name) => log.partitions(name));
      } catch (error) {
        yield moved(record, { offset, cause: shortCause(error), count: waiting, at: Date.now() }, error);
        return;
      }
      const isFull = bytesOf(outputs) + bytesOf(made) > BYTES_PER_TRANSACTION_MAX;
      if (events === EVENTS_PER_TRANSACTION_MAX || (isFull && events > 0)) {
        yield moved(record, { ...current, offset, count: waiting }, current.cause);
        outputs = [];
        erased = [];
        events = 0;
      }
      outputs.push(...made);
      erased.push(...erasedBy(reaction, record));
      events++;
      waiting--;
    }
  }
  if (!signal.aborted) yield { outputs, erased, notes: [settled(current.offset)], entry: undefined };
}
