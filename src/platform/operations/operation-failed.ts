import { asError } from '../as-error';
import { KeyEncryptionKeyWrong } from '../keys/keys-store.port';
import { DirectoryNotEmpty } from '../sqlite/copy-database';
import { DiskFull, LogSetupError, LogUnavailable, OffsetOutOfRange } from '../log/log.port';
import { ViewsUnavailable } from '../views/views.errors';
import {
  NoRebuild,
  ReactionHasBegun,
  RebuildRunning,
  UnknownDeadLetter,
  UnknownReaction,
  UnknownView,
} from './operations.port';

/** Why an operation was not done. */
export const FAILURE_CODES = [
  /** What is named does not exist. */
  'NOT_FOUND',
  /** It contradicts how things stand. */
  'CONFLICT',
  'BAD_INPUT',
  /** The log, a store or the process cannot be reached, or does not offer this. */
  'UNAVAILABLE',
  /** The log is not what was written. */
  'DAMAGED',
  /** A file or directory is not as it must be. */
  'CANNOT_CREATE',
  /** The two sides are of different versions. */
  'VERSION',
  'FAILED',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

/** An operation was not done; one line for the operator. */
export class OperationFailed extends Error {
  override readonly name = 'OperationFailed';

  constructor(
    readonly code: FailureCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const MEANINGS: readonly (readonly [new (...args: never[]) => Error, FailureCode])[] = [
  [UnknownView, 'NOT_FOUND'],
  [UnknownDeadLetter, 'NOT_FOUND'],
  [UnknownReaction, 'NOT_FOUND'],
  [ReactionHasBegun, 'CONFLICT'],
  [RebuildRunning, 'CONFLICT'],
  [NoRebuild, 'CONFLICT'],
  [OffsetOutOfRange, 'BAD_INPUT'],
  [LogUnavailable, 'UNAVAILABLE'],
  [ViewsUnavailable, 'UNAVAILABLE'],
  [LogSetupError, 'UNAVAILABLE'],
  [DiskFull, 'CANNOT_CREATE'],
  [DirectoryNotEmpty, 'CANNOT_CREATE'],
  [KeyEncryptionKeyWrong, 'CONFLICT'],
];

/** What an error means to an operator. */
export function operationFailed(error: unknown): OperationFailed {
  if (error instanceof OperationFailed) return error;
  const cause = asError(error);
  return new OperationFailed(codeOf(cause), cause.message, { cause });
}

function codeOf(error: Error): FailureCode {
  if (error instanceof LogSetupError && error.code === 'LOG_DAMAGED') return 'DAMAGED';
  return MEANINGS.find(([type]) => error instanceof type)?.[1] ?? 'FAILED';
}
