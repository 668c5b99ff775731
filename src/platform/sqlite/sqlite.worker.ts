// Runs in a worker thread, so that neither fsync nor a long query ever holds the event loop that serves HTTP.
// It has no relative imports but types: from a checkout it is loaded as it stands, from a build as CommonJS.
import { parentPort, workerData } from 'node:worker_threads';
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

const options = workerData as SqliteThreadOptions;
const port = parentPort;
if (port === null) throw new Error('sqlite.worker runs in a worker thread only');

const statements = new Map<string, Database.Statement>();
let database: Database.Database;

function prepared(sql: string): Database.Statement {
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = database.prepare(sql);
    statements.set(sql, statement);
  }
  return statement;
}

function open(): void {
  database = new Database(options.path, { timeout: options.busyTimeoutMs ?? 5000 });
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

class ChangesDiffer extends Error {}

function write(batch: readonly SqliteWrite[]): number[] {
  const changes: number[] = [];
  database.exec('begin immediate');
  try {
    for (const { sql, width, values, changes: expected } of batch) {
      const statement = prepared(sql);
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

function query(sql: string, values: readonly SqliteValue[]): SqliteResult {
  const statement = prepared(sql);
  if (statement.reader) return { rows: statement.all(...values) as Record<string, unknown>[] };
  const { changes } = statement.run(...values);
  return { rows: [], changes };
}

function handle(request: SqliteRequest): SqliteResult {
  switch (request.kind) {
    case 'open':
      open();
      return { rows: [] };
    case 'write':
      return { rows: [], perStatement: write(request.batch) };
    case 'query':
      return query(request.sql, request.values);
    case 'close':
      database?.close();
      return { rows: [] };
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Database.SqliteError) return error.code;
  return error instanceof ChangesDiffer ? 'CHANGES_DIFFER' : 'WORKER_FAILED';
}

port.on('message', (request: SqliteRequest) => {
  let response: SqliteResponse;
  try {
    response = { id: request.id, result: handle(request) };
  } catch (error) {
    const code = codeOf(error);
    response = { id: request.id, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
  port.postMessage(response);
  if (request.kind === 'close') port.close();
});
