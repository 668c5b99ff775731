import { deadLetter } from '../log/dead-letter';
import type { LogRecord, NewRecord } from '../log/log.port';

/** A command that cannot be decided, for the dead letters. */
export function parkedCommand(module: string, record: LogRecord, cause: unknown): NewRecord {
  return deadLetter(`${module}.processor`, record, cause);
}
