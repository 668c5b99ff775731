import { eventually } from '../../../../test/support/eventually';
import type { Log, LogRecord, NewRecord, TopicSpec } from '../log.port';

export const PARTITIONS = 4;

export const TOPICS: readonly TopicSpec[] = [
  { name: 'orders.commands', partitions: PARTITIONS, policy: 'keep' },
  { name: 'orders.events', partitions: PARTITIONS, policy: 'keep' },
  { name: 'orders.state', partitions: PARTITIONS, policy: 'compact' },
  { name: 'wide', partitions: 8, policy: 'keep' },
];

/** One empty log, made for one test. */
export interface LogUnderTest {
  /** Opens it once more; with `members: 'one'` the instance before must be closed first. */
  open(): Promise<Log>;
  /** Whether several instances may be open at a time. */
  readonly members: 'one' | 'many';
  /** Closes what is still open and frees what the log has used. */
  dispose(): Promise<void>;
}

/** Reads a partition from its start to its present end. */
export async function readToEnd(log: Log, topic: string, partition: number): Promise<LogRecord[]> {
  const { start, end } = await log.bounds(topic, partition);
  const records: LogRecord[] = [];
  if (start === end) return records;
  const enough = new AbortController();
  for await (const batch of log.follow(topic, partition, start, enough.signal)) {
    records.push(...batch.records);
    if (batch.next >= end) enough.abort();
  }
  return records;
}

/** Waits until a partition holds these values: a committed transaction is seen by readers a moment after its writer knows. */
export async function holds(
  log: Log,
  topic: string,
  partition: number,
  values: readonly (string | null)[],
): Promise<void> {
  await eventually(async () => {
    expect((await readToEnd(log, topic, partition)).map(({ value }) => value)).toEqual(values);
  });
}

/** Reads all partitions of a topic, one after the other. */
export async function readAll(log: Log, topic: string, partitions: number): Promise<LogRecord[]> {
  const records: LogRecord[][] = [];
  for (let partition = 0; partition < partitions; partition++) records.push(await readToEnd(log, topic, partition));
  return records.flat();
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Skips empty batches. */
export async function firstRecordOf(reading: AsyncIterator<{ records: readonly LogRecord[] }>): Promise<LogRecord> {
  for (;;) {
    const { done, value } = await reading.next();
    if (done === true) throw new Error('the follower has ended');
    const [first] = value.records;
    if (first !== undefined) return first;
  }
}

export function record(some: Partial<NewRecord>): NewRecord {
  return { topic: 'orders.commands', partition: 0, key: 'k', value: '{}', headers: {}, ...some };
}

export function manyHeaders(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`header-${index}`, `value-${index}`.repeat(3)]));
}

export function places(topic: string): string[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => `${topic}/${partition}`);
}

export function offsetsRise(records: readonly LogRecord[]): boolean {
  return records.every(({ offset }, index) => index === 0 || offset > (records[index - 1]?.offset ?? -1));
}
