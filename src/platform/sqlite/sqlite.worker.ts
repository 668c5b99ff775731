// Runs in a worker thread, so that neither fsync nor a long query ever holds the event loop that serves HTTP.
// It has no relative imports but types: from a checkout it is loaded as it stands, from a build as CommonJS.
import { parentPort } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import type {
  SqliteRequest,
  SqliteResponse,
  SqliteResult,
  SqliteThreadOptions,
  SqliteValue,
  SqliteWrite,
} from './sqlite-thread';

const port = parentPort;
if (port === null) throw new Error('sqlite.worker runs in a worker thread only');

interface Connection {
  readonly database: Database.Database;
  readonly statements: Map<string, Database.Statement>;
}

const connections = new Map<number, Connection>();

function connection(id: number): Connection {
  const found = connections.get(id);
  if (found === undefined) throw new Error(`connection ${id} is not open`);
  return found;
}

function prepared({ database, statements }: Connection, sql: string): Database.Statement {
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = database.prepare(sql);
    statements.set(sql, statement);
  }
  return statement;
}

function open(id: number, options: SqliteThreadOptions): void {
  const database = new Database(options.path, { timeout: options.busyTimeoutMs ?? 5000 });
  connections.set(id, { database, statements: new Map() });
  if (options.exclusive === true) database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${options.synchronous}`);
  database.pragma(`wal_autocheckpoint = ${options.walPagesMax ?? 1_000}`);
  database.pragma(`cache_size = -${options.cacheKb ?? 8192}`);
  database.function('checksum', { varargs: true, deterministic: true }, (...values: unknown[]) =>
    crc32(values.join('\u0000')),
  );
  for (const sql of options.schema ?? []) database.exec(sql);
}

function close(id: number): void {
  connections.get(id)?.database.close();
  connections.delete(id);
}

class ChangesDiffer extends Error {}

function write(on: Connection, batch: readonly SqliteWrite[]): number[] {
  const { database } = on;
  const changes: number[] = [];
  database.exec('begin immediate');
  try {
    for (const { sql, width, values, changes: expected } of batch) {
      const statement = prepared(on, sql);
      let changed = 0;
      if (width === 0) changed = statement.run().changes;
      for (let at = 0; width > 0 && at < values.length; at += width) {
        changed += statement.run(...values.slice(at, at + width)).changes;
      }
      if (expected !== undefined && changed !== expected) {
        throw new ChangesDiffer(`${changed} rows changed instead of ${expected}: ${sql}`);
      }
      changes.push(changed);
    }
    database.exec('commit');
  } catch (error) {
    if (database.inTransaction) database.exec('rollback');
    throw error;
  }
  return changes;
}

function query(on: Connection, sql: string, values: readonly SqliteValue[]): SqliteResult {
  const statement = prepared(on, sql);
  if (statement.reader) return { rows: statement.all(...values) as Record<string, unknown>[] };
  const { changes } = statement.run(...values);
  return { rows: [], changes };
}

/** Pages copied before other requests have their turn: a few milliseconds. */
const BACKUP_PAGES_AT_ONCE = 500;

async function backup({ database }: Connection, path: string): Promise<SqliteResult> {
  await database.backup(path, { progress: () => BACKUP_PAGES_AT_ONCE });
  return { rows: [] };
}

function handle(request: SqliteRequest): SqliteResult | Promise<SqliteResult> {
  const id = request.connection;
  switch (request.kind) {
    case 'open':
      open(id, request.options);
      return { rows: [] };
    case 'write':
      return { rows: [], perStatement: write(connection(id), request.batch) };
    case 'backup':
      return backup(connection(id), request.path);
    case 'query':
      return query(connection(id), request.sql, request.values);
    case 'close':
      close(id);
      return { rows: [] };
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Database.SqliteError) return error.code;
  return error instanceof ChangesDiffer ? 'CHANGES_DIFFER' : 'WORKER_FAILED';
}

function failed(id: number, error: unknown): SqliteResponse {
  return { id, error: { code: codeOf(error), message: error instanceof Error ? error.message : String(error) } };
}

function answer(response: SqliteResponse): void {
  parentPort?.postMessage(response);
}

port.on('message', (request: SqliteRequest) => {
  const { id } = request;
  try {
    const result = handle(request);
    // Only what takes long is waited for: the others are answered in the order they were made.
    if (result instanceof Promise) {
      result.then(
        (late) => answer({ id, result: late }),
        (error: unknown) => answer(failed(id, error)),
      );
    } else answer({ id, result });
  } catch (error) {
    answer(failed(id, error));
  }
});
