import type { CompiledQuery, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { Pool, types, type PoolClient } from 'pg';
import { postgresFailure } from './postgres-failures';

/** bigint arrives as text; our counters and integers are safe integers. */
const BIGINT_OID = 20;

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_MS = 30_000;
/** The client gives up after the server should have. */
const PATIENCE_MS = 5_000;

/**
 * Set on every connection. A process that stops in the middle of a transaction must not hold the view's counter for
 * ever, so the server ends it; waits for it are bounded too.
 */
function sessionSettings({ statementMs = STATEMENT_MS, lockMs = 5_000, idleMs = 5_000 }: PostgresOptions): string {
  return [
    'set search_path to views',
    `set idle_in_transaction_session_timeout to ${idleMs}`,
    `set lock_timeout to ${lockMs}`,
    `set statement_timeout to ${statementMs}`,
  ].join('; ');
}

/** Where the views are, as `pg` takes it. */
export interface PostgresOptions {
  /** `postgres://…` */
  readonly url: string;
  /** Default 10. */
  readonly connectionsMax?: number;
  /** How long one statement may take; default 30 s. */
  readonly statementMs?: number;
  /** How long it may wait for a lock; default 5 s. */
  readonly lockMs?: number;
  /** How long a transaction may do nothing; default 5 s, 0 for ever. */
  readonly idleMs?: number;
}

/** A pool of bounded size whose failures are those of the views; a lost connection is replaced when the next one is asked for. */
export function boundedPool(options: PostgresOptions): PostgresPool {
  const { url, connectionsMax, statementMs = STATEMENT_MS } = options;
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax ?? 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: statementMs + PATIENCE_MS,
    keepAlive: true,
    application_name: 'views',
    types: { getTypeParser: (oid, format) => (oid === BIGINT_OID ? Number : types.getTypeParser(oid, format)) },
  });
  // An idle connection that breaks is no news: the pool has dropped it, and the next query tells.
  pool.on('error', () => undefined);
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw postgresFailure(error);
      });
      let translating = wrapped.get(client);
      if (translating === undefined) {
        translating = translated(client);
        await prepare(client, options);
        wrapped.set(client, translating);
      }
      return translating;
    },
  };
}

/** Not by Kysely's `onCreateConnection`: it keeps a connection for ever that dies in it, and the pool is one short, and never ends. */
async function prepare(client: PoolClient, options: PostgresOptions): Promise<void> {
  try {
    await client.query(sessionSettings(options));
  } catch (error) {
    client.release(true);
    throw postgresFailure(error);
  }
}

/** Kysely's view of a client: it wants the very same object for the same connection each time. */
function translated(client: PoolClient): PostgresPoolClient {
  // A connection that breaks while it is lent out reports to whoever waits for its query.
  client.on('error', () => undefined);
  function query<R>(sql: string, parameters: CompiledQuery['parameters']): Promise<PostgresQueryResult<R>>;
  function query<_R>(cursor: object): never;
  function query(sql: unknown, parameters?: CompiledQuery['parameters']): unknown {
    if (typeof sql !== 'string') throw new TypeError('cursors are not used here');
    return client.query(sql, [...(parameters ?? [])]).catch((error: unknown) => {
      throw postgresFailure(error);
    });
  }
  return { query, release: (destroy) => client.release(destroy) };
}
