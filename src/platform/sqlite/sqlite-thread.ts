import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { asError } from '../as-error';

export type SqliteValue = string | number | bigint | null | Uint8Array;

export interface SqliteThreadOptions {
  /** File of the database; made when missing. */
  readonly path: string;
  /** `FULL` fsyncs every commit; `NORMAL` only at checkpoints (no corruption, but the last commits may go with the power); `OFF` for caches. */
  readonly synchronous: 'FULL' | 'NORMAL' | 'OFF';
  /** Holds the file for this process alone until it ends, however it ends. */
  readonly exclusive?: boolean;
  readonly busyTimeoutMs?: number;
  readonly cacheKb?: number;
  /** Pages in the write-ahead log before it is copied into the file; default 1,000. */
  readonly walPagesMax?: number;
  /** Shares one thread with all others that say so, for files whose writes nobody waits for; each thread costs memory. */
  readonly shared?: boolean;
  /** Statements run once after opening. */
  readonly schema?: readonly string[];
}

/** One statement, run once per `width` values, or once when `width` is 0. */
export interface SqliteWrite {
  readonly sql: string;
  readonly width: number;
  readonly values: readonly SqliteValue[];
  /** Rows that it must change in all; otherwise the transaction is rolled back with `CHANGES_DIFFER`. */
  readonly changes?: number;
}

export type SqliteRequest = { readonly id: number; readonly connection: number } & (
  | { readonly kind: 'open'; readonly options: SqliteThreadOptions }
  | { readonly kind: 'close' }
  | { readonly kind: 'write'; readonly batch: readonly SqliteWrite[] }
  | { readonly kind: 'backup'; readonly path: string }
  | { readonly kind: 'query'; readonly sql: string; readonly values: readonly SqliteValue[] }
);

export interface SqliteResult {
  readonly rows: Record<string, unknown>[];
  readonly changes?: number;
  readonly perStatement?: number[];
}

export interface SqliteResponse {
  readonly id: number;
  readonly result?: SqliteResult;
  readonly error?: { readonly code: string; readonly message: string };
}

/** SQLite refused, with its own result code (`SQLITE_BUSY`, `SQLITE_FULL`, `SQLITE_CORRUPT`, …). */
export class SqliteFailure extends Error {
  override readonly name = 'SqliteFailure';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** @throws TypeError for what SQLite does not hold */
export function bindable(value: unknown): SqliteValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  throw new TypeError(`SQLite takes no ${typeof value}`);
}

type Distribute<T> = T extends unknown ? Omit<T, 'id'> : never;
type Waiter = { resolve: (result: SqliteResult) => void; reject: (error: Error) => void };

/** A worker thread with the connections in it; ends with the last of them. */
class SqliteWorker {
  private static common: SqliteWorker | undefined;
  static readonly mourners = new Set<(error: Error) => void>();
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiter>();
  /** Listened for from the start: the last answer and the exit may arrive in one turn of the event loop. */
  private readonly ended: Promise<void>;
  private nextId = 1;
  private nextConnection = 1;
  private connections = 0;
  private died: Error | undefined;
  private isEnding = false;

  private constructor() {
    this.worker = new Worker(join(__dirname, `sqlite.worker${extname(__filename)}`), {
      execArgv: ['--no-warnings'],
      resourceLimits: { maxYoungGenerationSizeMb: 8, stackSizeMb: 2 },
    });
    this.ended = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    this.worker.on('message', (response: SqliteResponse) => this.settle(response));
    this.worker.on('error', (error) => this.fail(asError(error)));
    this.worker.on('exit', () => this.fail(new Error('the SQLite thread has ended')));
  }

  static for(isShared: boolean): SqliteWorker {
    if (!isShared) return new SqliteWorker();
    SqliteWorker.common ??= new SqliteWorker();
    return SqliteWorker.common;
  }

  /** Number of a new connection. */
  enter(): number {
    this.connections++;
    return this.nextConnection++;
  }

  async leave(): Promise<void> {
    if (--this.connections > 0) return;
    if (SqliteWorker.common === this) SqliteWorker.common = undefined;
    this.isEnding = true;
    await this.worker.terminate();
    await this.ended;
  }

  request(request: Distribute<SqliteRequest>): Promise<SqliteResult> {
    if (this.died !== undefined) return Promise.reject(this.died);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...request });
    });
  }

  private settle(response: SqliteResponse): void {
    const waiter = this.waiting.get(response.id);
    this.waiting.delete(response.id);
    if (response.result !== undefined) waiter?.resolve(response.result);
    else waiter?.reject(new SqliteFailure(response.error?.code ?? 'UNKNOWN', response.error?.message ?? ''));
  }

  private fail(error: Error): void {
    const isFirst = this.died === undefined;
    this.died ??= error;
    if (isFirst && !this.isEnding) for (const tell of SqliteWorker.mourners) tell(error);
    for (const waiter of this.waiting.values()) waiter.reject(this.died);
    this.waiting.clear();
  }
}

/** One SQLite connection in a worker thread. Requests are answered in the order they were made. */
export class SqliteThread {
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly worker: SqliteWorker,
    private readonly connection: number,
  ) {}

  /** @throws SqliteFailure when the file cannot be opened, is locked (`SQLITE_BUSY`) or is no database (`SQLITE_NOTADB`) */
  static async open(options: SqliteThreadOptions): Promise<SqliteThread> {
    const worker = SqliteWorker.for(options.shared === true);
    const connection = worker.enter();
    const thread = new SqliteThread(worker, connection);
    try {
      await worker.request({ kind: 'open', connection, options });
      return thread;
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /**
   * Tells of a thread that has ended although nobody has ended it: whatever is asked of its connections fails from then on.
   *
   * @returns what ends the telling
   */
  static onDeath(listener: (error: Error) => void): () => void {
    SqliteWorker.mourners.add(listener);
    return () => SqliteWorker.mourners.delete(listener);
  }

  /** Runs all statements in one transaction; resolves, once it is committed, with the rows changed per statement. */
  async write(batch: readonly SqliteWrite[]): Promise<number[]> {
    const result = await this.worker.request({ kind: 'write', connection: this.connection, batch });
    return result.perStatement ?? [];
  }

  /** Runs one statement outside {@link write}. */
  query(sql: string, values: readonly SqliteValue[] = []): Promise<SqliteResult> {
    return this.worker.request({ kind: 'query', connection: this.connection, sql, values });
  }

  /**
   * Copies the database to a file that is not there, by SQLite's own backup. What is written meanwhile is in the copy too; writes go on
   * between its steps. The copy is whole once this resolves, and not yet safe from a loss of power.
   */
  async backup(path: string): Promise<void> {
    await this.worker.request({ kind: 'backup', connection: this.connection, path });
  }

  /** Ends the connection after what was asked before, and with the last one the thread. */
  close(): Promise<void> {
    this.closing ??= this.worker
      .request({ kind: 'close', connection: this.connection })
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => this.worker.leave());
    return this.closing;
  }
}
