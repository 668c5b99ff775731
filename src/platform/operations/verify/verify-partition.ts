import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Aggregate } from '../../../kernel/decider';
import { stateKey, type AggregateState, type ProcessorPosition } from '../../commands/stored-state';
import { decodeEvent, topicsOf } from '../../log/envelope';
import type { LogRecord } from '../../log/log.port';
import type { Findings } from './findings';
import type { Bounds, LogReader } from './log-reader';
import { Scratch } from './scratch';

/** The bounds of one module partition. Those of the state were read first: what it tells of is then within the others. */
export interface PartitionToVerify {
  readonly module: string;
  readonly partition: number;
  readonly state: Bounds;
  readonly events: Bounds;
  readonly commands: Bounds;
  readonly aggregates: readonly Aggregate[];
}

export interface VerifiedPartition {
  readonly events: number;
  readonly aggregates: number;
}

/** An aggregate as its events tell. */
interface Folded {
  /** Of its last event. */
  readonly version: number;
  /** As of the changelog's position; absent when its first event is younger. */
  readonly state?: AggregateState;
  /** An event of it cannot be read, so nothing can be said of its state. */
  readonly isUnreadable: boolean;
}

/** How far the events have been read. */
interface Seen {
  count: number;
  /** Of the last one. */
  sequence: number;
}

const ATTEMPTS_MAX = 10;
const AGAIN_MS = 100;

/**
 * Reads all events of a module partition: sequences and versions without gaps, and the state changelog equal to their fold. The
 * changelog tells by its position up to which event it speaks, so the log may grow meanwhile.
 */
export async function verifyPartition(
  reader: LogReader,
  what: PartitionToVerify,
  findings: Findings,
): Promise<VerifiedPartition> {
  const changelog = new Scratch();
  const folds = new Scratch();
  try {
    await readChangelog(reader, what, changelog);
    const position = changelog.get(stateKey.position('processor')) as ProcessorPosition | undefined;
    const events = await foldEvents(reader, what, position?.sequence ?? 0, folds, findings);
    checkPosition(what, position, events, findings);
    compare(what, changelog, folds, findings);
    return { events, aggregates: folds.size };
  } finally {
    changelog.close();
    folds.close();
  }
}

async function readChangelog(reader: LogReader, what: PartitionToVerify, into: Scratch): Promise<void> {
  const { module, partition, state } = what;
  for await (const records of reader.read(topicsOf(module).state, partition, state.start, state.end)) {
    const changes = new Map<string, unknown>();
    for (const { key, value } of records) {
      // Decisions are no fold of events.
      if (key === null || key.startsWith('command/')) continue;
      changes.set(key, value === null ? undefined : (JSON.parse(value) as unknown));
    }
    into.write(changes);
  }
}

/** @returns the number of events */
async function foldEvents(
  reader: LogReader,
  what: PartitionToVerify,
  upTo: number,
  folds: Scratch,
  findings: Findings,
): Promise<number> {
  const { module, partition, events } = what;
  const topic = topicsOf(module).events;
  const seen: Seen = { count: 0, sequence: 0 };
  let { start: from, end } = events;
  for (let attempt = 0; ; attempt++) {
    for await (const records of reader.read(topic, partition, from, end)) {
      foldBatch(what, records, upTo, seen, folds, findings);
    }
    // On Kafka the parts of one transaction come to sight one after the other, within moments.
    if (seen.sequence >= upTo || attempt === ATTEMPTS_MAX) return seen.count;
    await pause(AGAIN_MS);
    from = Math.max(from, end);
    end = (await reader.bounds()).get(topic)?.[partition]?.end ?? end;
  }
}

function foldBatch(
  { module, partition, aggregates }: PartitionToVerify,
  records: readonly LogRecord[],
  upTo: number,
  seen: Seen,
  folds: Scratch,
  findings: Findings,
): void {
  const changes = new Map<string, Folded>();
  for (const record of records) {
    const place = `${topicsOf(module).events}/${partition}@${record.offset}`;
    const told = Number(record.headers['sequence']);
    if (told !== seen.sequence + 1) {
      findings.add('sequence', place, `sequence ${told} instead of ${seen.sequence + 1}`);
    }
    seen.sequence = told;
    seen.count++;
    const key = stateKey.aggregate(record.key ?? '');
    const before = changes.get(key) ?? (folds.get(key) as Folded | undefined);
    changes.set(key, folded(record, place, aggregates, before, upTo, findings));
  }
  folds.write(changes);
}

function folded(
  record: LogRecord,
  place: string,
  aggregates: readonly Aggregate[],
  before: Folded | undefined,
  upTo: number,
  findings: Findings,
): Folded {
  const version = Number(record.headers['version']);
  const expected = (before?.version ?? 0) + 1;
  if (version !== expected)
    findings.add('version', place, `version ${version} of ${record.key} instead of ${expected}`);
  const kept = before?.state === undefined ? {} : { state: before.state };
  if (before?.isUnreadable === true) return { ...kept, version, isUnreadable: true };
  try {
    const aggregate = aggregates.find(({ name }) => name === record.headers['ce_source']?.split('/').at(-1));
    if (aggregate === undefined) throw new Error('it is of no known aggregate');
    const event = decodeEvent(aggregate.events, record);
    if (event.sequence > upTo) return { ...kept, version, isUnreadable: false };
    const { name, stateVersion, decider } = aggregate;
    const state = decider.evolve(before?.state === undefined ? decider.initialState : before.state.state, event);
    const now = { aggregate: name, stateVersion, version: event.version, sequence: event.sequence, state };
    return { version, state: now, isUnreadable: false };
  } catch (error) {
    findings.add('event', place, error instanceof Error ? error.message : String(error));
    return { ...kept, version, isUnreadable: true };
  }
}

function checkPosition(
  { module, partition, commands }: PartitionToVerify,
  position: ProcessorPosition | undefined,
  events: number,
  findings: Findings,
): void {
  const place = `${topicsOf(module).state}/${partition}`;
  if (position === undefined) {
    if (events > 0) findings.add('position', place, 'there are events, but no position of the processor');
    return;
  }
  if (position.next > commands.end) {
    findings.add(
      'position',
      place,
      `the processor is at command ${position.next}, the commands end at ${commands.end}`,
    );
  }
  if (position.sequence > events) {
    findings.add('position', place, `the processor has written ${position.sequence} events, ${events} are there`);
  }
}

function compare(what: PartitionToVerify, changelog: Scratch, folds: Scratch, findings: Findings): void {
  const topic = topicsOf(what.module).state;
  const place = `${topic}/${what.partition}`;
  for (const { key, value } of folds.entries()) {
    const { state: wanted, isUnreadable } = value as Folded;
    if (isUnreadable || wanted === undefined) continue;
    const stored = changelog.get(key) as AggregateState | undefined;
    if (stored === undefined) findings.add('state', place, `${key} is missing`);
    else if (!isSameState(stored, wanted)) {
      findings.add('state', place, `${key} is ${JSON.stringify(stored)}, its events say ${JSON.stringify(wanted)}`);
    }
  }
  for (const { key } of changelog.entries()) {
    if (key.startsWith('position/')) continue;
    const fold = folds.get(key) as Folded | undefined;
    if (fold === undefined || (fold.state === undefined && !fold.isUnreadable)) {
      findings.add('state', place, `${key} has no events`);
    }
  }
}

/** A state of another version is folded anew at the next start; only its place can be compared. */
function isSameState(stored: AggregateState, wanted: AggregateState): boolean {
  if (stored.stateVersion === wanted.stateVersion) return isDeepStrictEqual(stored, wanted);
  return stored.version === wanted.version && stored.sequence === wanted.sequence;
}
