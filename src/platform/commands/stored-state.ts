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
}

/** Where the processor of a partition stands. */
export interface ProcessorPosition {
  /** Next offset of `<module>.commands`. */
  readonly next: number;
  /** Last sequence given to an event. */
  readonly sequence: number;
}

/**
 * Keys of `<module>.state`. An aggregate's own id, unless it has a slash: so no id that a client may choose can ever name
 * a decision or a position.
 */
export const stateKey = {
  aggregate: (id: string): string => (id.includes('/') ? `aggregate/${id}` : id),
  decision: (commandId: string): string => `command/${commandId}`,
  position: (role: 'processor' | 'reactor'): string => `position/${role}`,
};

/** One changed entry of the state, as held in memory, in `state.db` and in the changelog. */
export interface StateEntry {
  readonly key: string;
  readonly value: AggregateState | StoredDecision | ProcessorPosition;
  /** JSON of the value. */
  readonly json: string;
}

export function stateEntry(key: string, value: StateEntry['value']): StateEntry {
  return { key, value, json: JSON.stringify(value) };
}

export function encodeStateEntry(topic: string, partition: number, entry: StateEntry): NewRecord {
  return { topic, partition, key: entry.key, value: entry.json, headers: {} };
}
