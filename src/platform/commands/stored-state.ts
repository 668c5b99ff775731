import type { NewRecord } from '../log/log.port';
import type { Decision } from './decision';

/** The fold of an aggregate's events, with its place. */
export interface AggregateState {
  readonly aggregate: string;
  readonly stateVersion: number;
  /** Number of events folded. */
  readonly version: number;
  /** Sequence of the last event folded, within the module partition. */
  readonly sequence: number;
  readonly state: unknown;
}

/** What the command id of an idempotency key stands for (G5). */
export interface StoredDecision {
  readonly decision: Decision;
  readonly sequence: number;
  readonly fingerprint: string;
  /** Log time when it was decided. */
  readonly at: number;
}

/** How long a decision answers for its key, in milliseconds of log time. */
export const DECISION_KEPT_MS = 24 * 60 * 60 * 1_000;

/** Where the processor of a partition stands. */
export interface ProcessorPosition {
  /** Next offset of `<module>.commands`. */
  readonly next: number;
  /** Last sequence given to an event. */
  readonly sequence: number;
  /**
   * Log time: the newest time at which any command up to `next` was received, in milliseconds since the epoch. It never goes back, and is a
   * function of the log alone.
   */
  readonly time: number;
}

/**
 * Keys of `<module>.state`. An aggregate's own id, unless it has a slash: so no id that a client may choose can ever name
 * a decision or a position.
 */
export const stateKey = {
  aggregate: (id: string): string => (id.includes('/') ? `aggregate/${id}` : id),
  decision: (commandId: string): string => `command/${commandId}`,
  isDecision: (key: string): boolean => key.startsWith('command/'),
  /** @param consumer `processor`, or the group of one who reads the events */
  position: (consumer: string): string => `position/${consumer}`,
  /** Whether it is the position of somebody else than the processor. */
  isForeign: (key: string): boolean => key.startsWith('position/') && key !== 'position/processor',
};

/** One changed entry of the state, as held in memory, in `state.db` and in the changelog. */
export interface StateEntry {
  readonly key: string;
  /** `null`: the entry is gone. */
  readonly value: AggregateState | StoredDecision | ProcessorPosition | null;
  /** JSON of the value. */
  readonly json: string | null;
}

export function stateEntry(key: string, value: NonNullable<StateEntry['value']>): StateEntry {
  return { key, value, json: JSON.stringify(value) };
}

export function tombstone(key: string): StateEntry {
  return { key, value: null, json: null };
}

/** Log time of a decision; `null` for whatever else is stored. */
export function decidedAt(value: NonNullable<StateEntry['value']>): number | null {
  return 'fingerprint' in value ? value.at : null;
}

export function isOutlived(decision: StoredDecision, logTime: number): boolean {
  return decision.at + DECISION_KEPT_MS <= logTime;
}

export function encodeStateEntry(topic: string, partition: number, entry: StateEntry): NewRecord {
  return { topic, partition, key: entry.key, value: entry.json, headers: {} };
}
