import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, sql, type Compilable, type SqliteDatabase, type SqliteStatement } from 'kysely';
import type { RowShape, TableDefinition } from '../../../kernel/view';
import { bindable, SqliteThread } from '../../sqlite/sqlite-thread';
import { migratePlatformTables, type PlatformTables } from '../platform-tables';
import type { Projection } from '../projection';
import type { PreparedView, ReadStore, RowQuery, ViewBatch } from '../read-store.port';
import { queryOf } from '../view-reads';
import { prepareAll } from '../view-tables';
import { ViewWriters } from '../view-writers';
import { sqliteFailure } from './sqlite-failures';
import { SqliteViewWriter, writeOf } from './sqlite-view-writer';

/** A page that many transactions touch is copied into the file once per checkpoint. */
const SERVING = { walPagesMax: 8_000, cacheKb: 8_192 };
/** A rebuild touches all pages of a large table over and over. */
const FILLING = { walPagesMax: 60_000, cacheKb: 65_536 };
const STATEMENTS_KEPT_MAX = 256;

/**
 * The read models in one SQLite file. Writes go through one thread, so that projecting never blocks HTTP; queries run on a
 * read-only connection of the calling thread, where a read by key takes microseconds. One process at a time writes to the file.
 */
export class SqliteReadStore implements ReadStore {
  readonly kind = 'sqlite';
  readonly db: Kysely<PlatformTables>;
  private readonly reader: Database.Database;
  private readonly writers: ViewWriters<SqliteViewWriter>;

  private constructor(
    private readonly path: string,
    private readonly thread: SqliteThread,
  ) {
    this.reader = new Database(path, { readonly: true });
    this.db = new Kysely({ dialect: new SqliteDialect({ database: keepStatements(this.reader) }) });
    this.writers = new ViewWriters(this.db, (view) => new SqliteViewWriter(view, this.thread, this.reader));
  }

  /** @param path the file, made when missing */
  static async open(path: string): Promise<SqliteReadStore> {
    const thread = await SqliteThread.open({ path, synchronous: 'NORMAL', shared: true, ...SERVING });
    try {
      await withWritable(path, migratePlatformTables);
      return new SqliteReadStore(path, thread);
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  from<Row extends RowShape>(table: TableDefinition<Row>): RowQuery<Row> {
    return queryOf(this.db, table);
  }

  async prepare(logId: string, projections: readonly Projection[]): Promise<void> {
    for (const view of await this.transact((db) => prepareAll(db, this.kind, logId, projections))) this.adopt(view);
  }

  view(name: string): PreparedView {
    return this.writers.get(name).view;
  }

  adopt(view: PreparedView): void {
    this.writers.adopt(view);
  }

  forget(name: string): void {
    this.writers.forget(name);
  }

  async prepareToFill(isFilling: boolean): Promise<void> {
    const { cacheKb, walPagesMax } = isFilling ? FILLING : SERVING;
    await this.thread.query(`pragma cache_size = -${cacheKb}`);
    await this.thread.query(`pragma wal_autocheckpoint = ${walPagesMax}`);
    if (isFilling) return;
    await this.thread.query('pragma shrink_memory');
    // So that the file gets small again; when a reader holds it, the next rebuild makes it so.
    await this.thread.query('pragma wal_checkpoint(truncate)');
  }

  refresh(name: string): Promise<PreparedView> {
    return this.writers.refresh(name);
  }

  transact<T>(work: (db: Kysely<PlatformTables>) => Promise<T>): Promise<T> {
    return withWritable(this.path, (db) => db.transaction().execute(work));
  }

  async write<Row>(query: Compilable<Row>): Promise<Row[]> {
    const { sql: text, parameters } = query.compile();
    const { rows } = await this.thread.query(text, parameters.map(bindable));
    const typed: unknown = rows;
    return typed as Row[];
  }

  async writeAll(queries: readonly Compilable[]): Promise<void> {
    try {
      await this.thread.write(queries.map(writeOf));
    } catch (error) {
      throw sqliteFailure(error);
    }
  }

  commit(view: string, batch: ViewBatch): Promise<void> {
    return this.writers.get(view).commit(batch);
  }

  async deleteOlder(view: string, column: string, before: number): Promise<void> {
    const writer = this.writers.get(view);
    const { name } = writer.view.projection.table;
    const statement = sql`delete from ${sql.table(name)} where ${sql.ref(column)} < ${before}`.compile(this.db);
    await this.thread.query(statement.sql, statement.parameters.map(bindable));
    writer.forget();
  }

  /** One process writes to the file: there is no remote. */
  onRemoteChange(): void {}

  async ping(): Promise<void> {
    await this.thread.query('select 1');
  }

  async close(): Promise<void> {
    await this.thread.close();
    // Kysely closes the connection only if it was ever used through it.
    await this.db.destroy();
    this.reader.close();
  }
}

let administering: Promise<unknown> = Promise.resolve();

/** Runs work on a connection that may write, on this thread: one after the other, since a second one would wait here for the first. */
function withWritable<T>(path: string, work: (db: Kysely<PlatformTables>) => Promise<T>): Promise<T> {
  const done = administering.then(() => onConnection(path, work));
  administering = done.catch(() => undefined);
  return done;
}

async function onConnection<T>(path: string, work: (db: Kysely<PlatformTables>) => Promise<T>): Promise<T> {
  const db = new Kysely<PlatformTables>({
    dialect: new SqliteDialect({ database: new Database(path, { timeout: 10_000 }) }),
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** Kysely prepares every query anew; the same text gives the same statement here. */
function keepStatements(database: Database.Database): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(text) {
      let statement = kept.get(text);
      if (statement === undefined) {
        statement = database.prepare<unknown[]>(text);
        if (kept.size >= STATEMENTS_KEPT_MAX) kept.clear();
        kept.set(text, statement);
      }
      return statement;
    },
  };
}
