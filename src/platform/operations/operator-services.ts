import type { Log } from '../log/log.port';
import type { DeadLetterOperations, KeyOperations, ReactionOperations, ViewOperations } from './operations.port';

/** Injection token of {@link ViewOperations}. */
export const VIEW_OPERATIONS = Symbol('VIEW_OPERATIONS');

/** Injection token of {@link DeadLetterOperations}. */
export const DEAD_LETTER_OPERATIONS = Symbol('DEAD_LETTER_OPERATIONS');

/** Injection token of {@link OperatorServices}. */
export const OPERATOR_SERVICES = Symbol('OPERATOR_SERVICES');

/** What operations work on, free of any transport: sockets and routes alike stand on it. */
export interface OperatorServices {
  readonly log: Log;
  /** Names of the topics that this product has. */
  readonly topics: readonly string[];
  readonly views: ViewOperations;
  readonly deadLetters: DeadLetterOperations;
  /** Absent where nobody knows what runs. */
  readonly reactions?: ReactionOperations;
  /** Absent where there are no keys of persons. */
  readonly keys?: KeyOperations;
  /** Copies log and keys, while they are written, into a directory; absent where the log is not embedded. */
  readonly copyTo?: (directory: string) => Promise<void>;
}
