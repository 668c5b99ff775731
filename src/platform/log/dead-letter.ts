import type { LogRecord, NewRecord } from './log.port';

const ID = 'dead-letter-id';
const CAUSE = 'dead-letter-cause';
/** How the dead letter was settled, on a record of its own after it: `retried` or `dropped`. */
const SETTLED = 'dead-letter-settled';
const CAUSE_LENGTH_MAX = 1_000;

const TOPIC_ENDING = '.dead-letters';

/** Where the records of a topic are parked. */
export function deadLetterTopic(topic: string): string {
  return topic + TOPIC_ENDING;
}

export function isDeadLetterTopic(topic: string): boolean {
  return topic.endsWith(TOPIC_ENDING);
}

/** Name of a parked record, the same whenever it is parked again. */
export function deadLetterId(
  consumer: string,
  { topic, partition, offset }: Pick<LogRecord, 'topic' | 'partition' | 'offset'>,
): string {
  return `${consumer}:${topic}:${partition}:${offset}`;
}

/** The consumer and the record that an id is made of; `undefined` when it is none. */
export function placeOf(
  id: string,
):
  | { readonly consumer: string; readonly topic: string; readonly partition: number; readonly offset: number }
  | undefined {
  const [, consumer, topic, partition, offset] = /^(.+):([^:]+):(\d{1,9}):(\d{1,15})$/.exec(id) ?? [];
  if (consumer === undefined || topic === undefined) return undefined;
  return { consumer, topic, partition: Number(partition), offset: Number(offset) };
}

/** What keeps a consumer from taking a record, in a bounded text. */
export function causeOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, CAUSE_LENGTH_MAX);
}

/** A record that a consumer cannot take, for the dead letters: as it came, with cause and origin (G9). */
export function deadLetter(consumer: string, record: LogRecord, cause: unknown): NewRecord {
  return {
    topic: deadLetterTopic(record.topic),
    partition: record.partition,
    key: record.key,
    value: record.value,
    headers: { ...record.headers, [ID]: deadLetterId(consumer, record), [CAUSE]: causeOf(cause) },
  };
}

/** Follows a dead letter in its partition once an operator has dealt with it. */
export function settlement(parked: LogRecord, how: 'retried' | 'dropped'): NewRecord {
  const { topic, partition, key, headers } = parked;
  return { topic, partition, key, value: null, headers: { [ID]: headers[ID] ?? '', [SETTLED]: how } };
}

/** As {@link settlement}, for who knows the record by its place. */
export function settlementOf(
  consumer: string,
  origin: Pick<LogRecord, 'topic' | 'partition' | 'offset' | 'key'>,
  how: 'retried' | 'dropped',
): NewRecord {
  const { topic, partition, key } = origin;
  const headers = { [ID]: deadLetterId(consumer, origin), [SETTLED]: how };
  return { topic: deadLetterTopic(topic), partition, key, value: null, headers };
}

/** What a record of a dead letter topic says; `undefined` when it is neither a dead letter nor a settlement. */
export function readDeadLetter(
  record: LogRecord,
): { readonly id: string; readonly cause: string; readonly isSettled: boolean } | undefined {
  const { [ID]: id, [CAUSE]: cause = '', [SETTLED]: settled } = record.headers;
  return id === undefined ? undefined : { id, cause, isSettled: settled !== undefined };
}

/** The headers as the record had them before it was parked. */
export function originalHeaders({ headers }: LogRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== ID && name !== CAUSE));
}
