/** What an operator can see of the views and do to them; the same from the process that runs them and from any other that reaches their store. */
export interface ViewOperations {
  /** Every view of the known modules, by name. @throws ViewsUnavailable */
  list(): Promise<ViewStatus[]>;
  /**
   * Starts filling a new generation beside the live one; whoever projects the view does the work and swaps.
   * @throws UnknownView
   * @throws RebuildRunning one is under way already
   */
  rebuild(view: string): Promise<void>;
  /**
   * Ends a rebuild and drops what it has filled; the live generation is not touched.
   * @throws UnknownView
   * @throws NoRebuild none is under way
   */
  abort(view: string): Promise<void>;
}

export interface ViewStatus {
  readonly name: string;
  readonly status: 'live' | 'rebuilding' | 'failed';
  readonly generation: number;
  /** Records that the live generation has not projected yet, over all partitions. */
  readonly lag: number;
  /** Only while `rebuilding`. */
  readonly progress?: RebuildProgress;
  /** Only when `failed`: why. */
  readonly failure?: string;
}

export interface RebuildProgress {
  /** Records read, over all partitions. */
  readonly done: number;
  /** Records to read as of now. */
  readonly total: number;
  /** Since the rebuild began. */
  readonly recordsPerSecond: number;
  /** At that rate; `null` before the first record. */
  readonly secondsLeft: number | null;
}

/** Parked records of every consumer: listed, retried, dropped (G9). */
export interface DeadLetterOperations {
  /** By id. */
  list(): Promise<DeadLetter[]>;
  /** `undefined` when there is none of that id. */
  show(id: string): Promise<DeadLetterDetail | undefined>;
  /**
   * Hands the record to its consumer once more, with today's upcasters, and what is parked behind it in order after it.
   * @throws UnknownDeadLetter
   */
  retry(id: string): Promise<void>;
  /**
   * Gives the record up for its consumer; what is parked behind it goes on.
   * @throws UnknownDeadLetter
   */
  drop(id: string): Promise<void>;
}

/** A record that a consumer could not take. */
export interface DeadLetter {
  /** `consumer:topic:partition:offset`. */
  readonly id: string;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly cause: string;
  /** ISO 8601, UTC. */
  readonly parkedAt: string;
  /** Later records of its key that wait for it. */
  readonly behind: number;
}

export interface DeadLetterDetail extends DeadLetter {
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string | null;
}

/** Where processes and publications stand, and where one begins that has never run. */
export interface ReactionOperations {
  /** Every partition of every consumer of the known modules. */
  list(): Promise<ReactionStatus[]>;
  /**
   * Lets a consumer begin at the first event, or after the last one there is now, in each partition where it has no position.
   * @throws UnknownReaction
   * @throws ReactionHasBegun in every partition
   */
  begin(consumer: string, at: 'start' | 'end'): Promise<void>;
}

export interface ReactionStatus {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  /** Offset of the next event; `null`: it has never run here. */
  readonly next: number | null;
  /** Events that it has not taken; on Kafka it counts transaction markers too. */
  readonly lag: number;
  /** Keys that wait for an operator. */
  readonly parkedKeys: number;
}

/** What an operator can do to the keys of persons. */
export interface KeyOperations {
  /**
   * Wraps every key by the newest key-encryption key. A repeat goes on where one was broken off.
   * @throws OperationFailed CONFLICT
   * @throws ViewsUnavailable
   */
  rotate(): Promise<{ readonly kek: string; readonly rewrapped: number }>;
}

/** Neither a process nor a publication runs under that name. */
export class UnknownReaction extends Error {
  override readonly name = 'UnknownReaction';
}

/** The consumer has a position: it goes on from there, and from nowhere else. */
export class ReactionHasBegun extends Error {
  override readonly name = 'ReactionHasBegun';
}

/** No view has that name. */
export class UnknownView extends Error {
  override readonly name = 'UnknownView';
}

/** A rebuild of the view is under way. */
export class RebuildRunning extends Error {
  override readonly name = 'RebuildRunning';
}

/** No rebuild of the view is under way. */
export class NoRebuild extends Error {
  override readonly name = 'NoRebuild';
}

/** No dead letter has that id, or it was settled already. */
export class UnknownDeadLetter extends Error {
  override readonly name = 'UnknownDeadLetter';
}
