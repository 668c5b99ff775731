import { DatabaseError } from 'pg';
import { asError } from '../../as-error';
import { RowsRefused, ViewsUnavailable } from '../views.errors';

/** SQLSTATE classes that say "these data cannot be stored": repeating is useless. */
const REFUSED = /^(22|23|54)/;

/**
 * SQLSTATE of a server that cannot serve just now: connection, resources, operator intervention, system error; and of tables that somebody has
 * taken away, which the next start makes again.
 */
const UNAVAILABLE = /^(08|53|57P|58|25P03|3F000|42P01)/;

/**
 * What a failure of PostgreSQL means to the views; errors of the query itself stay as they are.
 * Whatever has no SQLSTATE came from the connection: refused, reset, timed out.
 */
export function postgresFailure(thrown: unknown): Error {
  const error = asError(thrown);
  if (error instanceof DatabaseError) {
    if (error.code !== undefined && UNAVAILABLE.test(error.code)) return new ViewsUnavailable(error.message);
    if (error.code !== undefined && REFUSED.test(error.code)) return new RowsRefused(error.message);
    return error;
  }
  return new ViewsUnavailable(`PostgreSQL cannot be reached: ${error.message}`, { cause: error });
}
