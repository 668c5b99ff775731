import type { Aggregate } from '../../kernel/decider';
import { decodeEvent, topicsOf } from '../log/envelope';
import type { Log, LogRecord } from '../log/log.port';
import { untilInSight } from '../log/until-in-sight';
import { InvariantBroken } from './invariant-broken';
import type { StatePartition } from './state-partition';
import { stateEntry, stateKey, type AggregateState, type ProcessorPosition } from './stored-state';

/** A partition about to be processed. */
export interface PartitionToRestore {
  readonly log: Log;
  readonly module: string;
  readonly partition: number;
  /** Command type → aggregate. */
  readonly aggregates: ReadonlyMap<string, Aggregate>;
  readonly cache: StatePartition;
  readonly signal: AbortSignal;
}

const REFOLDED_MAX = 10_000;
/** Read from the end of a partition first; ten times as many when none of them is a record. */
const LAST_RECORDS = 10;

/**
 * Brings the cache up to the end of the changelog and tells where to go on: the higher of the group's offset, which Kafka forgets
 * after a while, and the position in the changelog.
 *
 * @returns undefined when the signal aborted meanwhile
 * @throws Error when the partition has events and no position: going on from anywhere else could decide commands twice
 * @throws NewerSchema when its events have to be folded anew and a newer process has written some of them
 */
export async function restorePartition(
  what: PartitionToRestore,
  committed: number | undefined,
): Promise<ProcessorPosition | undefined> {
  const { module, partition, signal } = what;
  const { state, events } = topicsOf(module);
  const { isCurrent, start, next } = await readAllInSight(what, committed);
  if (!isCurrent) await refold(what, start, next);
  if (signal.aborted) return undefined;
  const stored = storedPosition(what);
  const last = await lastEvent(what, events);
  if (stored === undefined && last !== undefined) {
    throw new Error(
      `POSITION_LOST: ${events}/${partition} has events, but ${state} holds no position of the processor`,
    );
  }
  if (signal.aborted) return undefined;
  const written = Number(last?.headers['sequence'] ?? 0);
  if (stored !== undefined && stored.sequence !== written) {
    throw new InvariantBroken(
      `${events}/${partition} ends with sequence ${written}, but ${state} holds ${stored.sequence}: one of them has lost records`,
    );
  }
  const { next: known = 0, sequence = 0, time = 0 }: Partial<ProcessorPosition> = stored ?? {};
  return { next: Math.max(known, committed ?? 0), sequence, time };
}

/**
 * The processor gives every event a sequence. What has none was written by somebody else: no state was ever folded from it, and views park it.
 */
function isOurs({ headers }: LogRecord): boolean {
  return headers['sequence'] !== undefined;
}

/** Offsets alone do not tell: on Kafka transactions leave some behind that hold no record. */
async function lastEvent(
  { log, partition, signal }: PartitionToRestore,
  topic: string,
): Promise<LogRecord | undefined> {
  const { start, end } = await log.bounds(topic, partition);
  let last: LogRecord | undefined;
  for (let back = LAST_RECORDS; last === undefined && end - back / 10 >= start && end > start; back *= 10) {
    for await (const { records, next } of log.follow(topic, partition, Math.max(start, end - back), signal)) {
      last = records.findLast(isOurs) ?? last;
      if (next >= end) break;
    }
  }
  return last;
}

/** What is known of a changelog: whether every state in it is of the version that its aggregate has now, where it begins, how far it was read. */
interface ReadChangelog {
  readonly isCurrent: boolean;
  readonly start: number;
  readonly next: number;
}

/**
 * The reactors write to the changelog too, and on Kafka an open transaction of theirs hides what was committed after it began: until the
 * position has come to sight that was committed with the group's offset, something is missing.
 */
function readAllInSight(what: PartitionToRestore, committed: number | undefined): Promise<ReadChangelog> {
  const position = (): number | undefined => storedPosition(what)?.next;
  const read = async (before?: ReadChangelog): Promise<ReadChangelog> => {
    const found = await readChangelog(what, before?.next);
    return before === undefined
      ? found
      : { ...found, start: before.start, isCurrent: before.isCurrent && found.isCurrent };
  };
  return untilInSight(read, committed, position, what.signal);
}

function storedPosition({ cache }: PartitionToRestore): ProcessorPosition | undefined {
  return cache.load(stateKey.position('processor')) as ProcessorPosition | undefined;
}

async function readChangelog(
  { log, module, partition, aggregates, cache, signal }: PartitionToRestore,
  from?: number,
): Promise<ReadChangelog> {
  const { state } = topicsOf(module);
  const versions = stateVersions(aggregates);
  const folds = JSON.stringify([...versions]);
  const { start, end } = await log.bounds(state, partition);
  let next = from ?? cache.next;
  const isUnusable = cache.folds !== folds || next > end || next < start;
  if (from === undefined && isUnusable) {
    await cache.clear(folds);
    next = start;
  }
  let isCurrent = true;
  if (next >= end) return { isCurrent, start, next };
  for await (const batch of log.follow(state, partition, next, signal)) {
    const records = batch.records.flatMap(({ key, value, timestamp }) => {
      return key === null || stateKey.isForeign(key) ? [] : [{ key, value, timestamp }];
    });
    isCurrent &&= records.every(({ value }) => isOfVersion(value, versions));
    next = batch.next;
    await cache.restore(records, next);
    if (next >= end) break;
  }
  return { isCurrent, start, next };
}

/** Folds all events of the partition anew: a state is a function of the log, so it can change its shape (G10). */
async function refold(what: PartitionToRestore, unread: number, changelogRead: number): Promise<void> {
  const { log, module, partition, aggregates, cache, signal } = what;
  const { events } = topicsOf(module);
  const byName = new Map([...aggregates.values()].map((item) => [item.name, item]));
  const { start, end } = await log.bounds(events, partition);
  let folded = new Map<string, AggregateState>();
  let expected = 1;
  const write = async (next: number): Promise<void> => {
    const entries = Array.from(folded, ([id, state]) => stateEntry(stateKey.aggregate(id), state));
    await cache.restore(
      entries.map(({ key, json }) => ({ key, value: json, timestamp: 0 })),
      next,
    );
    folded = new Map();
  };
  // Until all is folded the changelog counts as unread, so that a kill in between only means beginning again.
  await write(unread);
  if (start >= end) return;
  for await (const batch of log.follow(events, partition, start, signal)) {
    for (const record of batch.records.filter(isOurs)) {
      const aggregate = byName.get(record.headers['ce_source']?.split('/').at(-1) ?? '');
      if (aggregate === undefined) throw new Error(`${events}/${partition}@${record.offset} is of no known aggregate`);
      const id = record.key ?? '';
      expected = assertSequence(record, expected);
      const before = folded.get(id) ?? (cache.load(stateKey.aggregate(id)) as AggregateState | undefined);
      folded.set(id, evolved(aggregate, record, before));
    }
    if (folded.size > REFOLDED_MAX) await write(unread);
    if (batch.next >= end) break;
  }
  if (!signal.aborted) await write(changelogRead);
}

function evolved(aggregate: Aggregate, record: LogRecord, before: AggregateState | undefined): AggregateState {
  const event = decodeEvent(aggregate.events, record);
  const { decider, stateVersion, name } = aggregate;
  // A state of another version is what is being replaced: its events come from the first one on.
  const state = event.version === 1 ? decider.initialState : before?.state;
  const { version, sequence } = event;
  if (version !== 1 && version !== (before?.version ?? 0) + 1) {
    const place = `${record.topic}/${record.partition}@${record.offset}`;
    throw new InvariantBroken(`${place} has version ${version} of ${record.key}, after ${before?.version ?? 0}`);
  }
  return { aggregate: name, stateVersion, version, sequence, state: decider.evolve(state, event) };
}

/** @returns the sequence that must follow */
function assertSequence({ topic, partition, offset, headers }: LogRecord, expected: number): number {
  const sequence = Number(headers['sequence']);
  if (sequence === expected) return sequence + 1;
  throw new InvariantBroken(`${topic}/${partition}@${offset} has sequence ${sequence} instead of ${expected}`);
}

function stateVersions(aggregates: ReadonlyMap<string, Aggregate>): Map<string, number> {
  return new Map([...aggregates.values()].map(({ name, stateVersion }) => [name, stateVersion]));
}

/** Decisions, positions and tombstones have no version. */
function isOfVersion(json: string | null, versions: ReadonlyMap<string, number>): boolean {
  const value: unknown = JSON.parse(json ?? 'null');
  if (typeof value !== 'object' || value === null || !('aggregate' in value) || !('stateVersion' in value)) return true;
  return versions.get(String(value.aggregate)) === value.stateVersion;
}
