/** The views cannot be reached just now; it heals by itself. Maps to 503 `VIEWS_UNAVAILABLE`. */
export class ViewsUnavailable extends Error {
  override readonly name = 'ViewsUnavailable';
  readonly code = 'VIEWS_UNAVAILABLE';
}

/** The views were filled from another log; one clear line for the operator, then the process ends. */
export class ViewsForeign extends Error {
  override readonly name = 'ViewsForeign';
  readonly code = 'VIEWS_FOREIGN';
}

/** PostgreSQL answers, and will not let us in or has no such database; one clear line for the operator, then the process ends. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable';
  readonly code = 'DATABASE_UNUSABLE';
}

/** Another owner has taken a partition of the view, or another writer the view: nothing was written. */
export class StaleOwner extends Error {
  override readonly name = 'StaleOwner';
}

/** A row does not fit its table: a fault of the view, never of the caller. */
export class InvalidRow extends Error {
  override readonly name = 'InvalidRow';
}

/** Log and views contradict each other: nothing may go on from here. */
export class ProjectionInvariantBroken extends Error {
  override readonly name = 'ProjectionInvariantBroken';
}

/** SQL refused the data of a batch; a repeat would be refused too. */
export class RowsRefused extends Error {
  override readonly name = 'RowsRefused';
}
