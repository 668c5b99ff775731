import type { FailureCode } from '../platform/operations/operation-failed';

/** How a command ends, after sysexits.h. */
export const EXIT = {
  OK: 0,
  /** The command was done and has found something wrong. */
  FOUND: 1,
  /** `EX_USAGE` */
  USAGE: 64,
  /** `EX_NOINPUT`: what is named does not exist. */
  NOT_FOUND: 66,
  /** `EX_UNAVAILABLE`: process, log or database cannot be reached, or another process is in the way. */
  UNAVAILABLE: 69,
  /** `EX_SOFTWARE` */
  FAILED: 70,
  /** `EX_CANTCREAT`: a directory that must be empty is not, or no space is left. */
  CANNOT_CREATE: 73,
  /** `EX_TEMPFAIL`: not as things stand now, such as a rebuild that runs already. */
  CONFLICT: 75,
  /** `EX_PROTOCOL`: process and command line are of different versions. */
  VERSION: 76,
  /** `EX_CONFIG` */
  CONFIG: 78,
  /** As shells say it of ^C. */
  INTERRUPTED: 130,
} as const;

const OF_FAILURE: Record<FailureCode, number> = {
  NOT_FOUND: EXIT.NOT_FOUND,
  CONFLICT: EXIT.CONFLICT,
  BAD_INPUT: EXIT.USAGE,
  UNAVAILABLE: EXIT.UNAVAILABLE,
  DAMAGED: EXIT.FOUND,
  CANNOT_CREATE: EXIT.CANNOT_CREATE,
  VERSION: EXIT.VERSION,
  FAILED: EXIT.FAILED,
};

export function exitCodeOf(code: FailureCode): number {
  return OF_FAILURE[code];
}
