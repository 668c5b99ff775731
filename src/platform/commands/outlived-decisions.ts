import type { DatedKey, StatePartition } from './state-partition';
import { DECISION_KEPT_MS } from './stored-state';

const START: DatedKey = { at: -Infinity, key: '' };
const ROWS_PER_READ = 500;
/** In log time: when none was left, this passes before the file is asked again. */
const PAUSE_MS = 1_000;

/**
 * Finds the decisions of a partition that have outlived their time, the oldest first, for their tombstones. It only keeps the state from
 * growing: whether a decision still answers for its key is a matter of log time alone, so finding one late, or twice, changes no answer.
 */
export class OutlivedDecisions {
  /** Read from the file and not known to be gone. */
  private found: readonly DatedKey[] = [];
  private readTo = START;
  private quietUntil = -Infinity;

  constructor(private readonly state: Pick<StatePartition, 'decidedAt' | 'decisions'>) {}

  /** Keys of decisions that are outlived at a log time. The same ones come again until their tombstones are in the state. */
  upTo(logTime: number, keysMax: number): string[] {
    if (logTime < this.quietUntil) return [];
    // Those at the front are gone when the batch they were given to is committed.
    const left = this.found.findIndex(({ key, at }) => this.state.decidedAt(key) === at);
    this.found = left === -1 ? [] : this.found.slice(left);
    if (this.found.length === 0) this.read(logTime);
    const keys: string[] = [];
    for (const { key, at } of this.found) {
      if (keys.length >= keysMax) break;
      // The file may not know yet that a decision is gone, or was made anew.
      if (this.state.decidedAt(key) === at) keys.push(key);
    }
    return keys;
  }

  private read(logTime: number): void {
    this.found = this.state.decisions(this.readTo, logTime - DECISION_KEPT_MS, ROWS_PER_READ);
    // From the start again the next time: what was not in the file yet may be older than what was.
    this.readTo = this.found.at(-1) ?? START;
    if (this.found.length === 0) this.quietUntil = logTime + PAUSE_MS;
  }
}
