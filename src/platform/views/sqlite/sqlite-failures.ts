import { SqliteFailure } from '../../sqlite/sqlite-thread';
import { asError } from '../../as-error';
import { RowsRefused, StaleOwner } from '../views.errors';

/** What a failure of SQLite means to the views; whatever else stays as it is. */
export function sqliteFailure(thrown: unknown): Error {
  const error = asError(thrown);
  if (!(error instanceof SqliteFailure)) return error;
  if (error.code === 'CHANGES_DIFFER') return new StaleOwner(error.message);
  if (/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(error.code)) return new RowsRefused(error.message);
  return error;
}
