import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, sql, type Compilable, type SqliteDatabase, type SqliteStatement } from 'kysely';
import type { RowShape, TableDefinition } from '../../../kernel/view';
import { bindable, SqliteThread } from '../../sqlite/sqlite-thread';
import { migratePlatformTables, type PlatformTables } from '../platform-tables';
import type { Projection } from '../projection';
import type { PreparedView, ReadStore, RowQuery, ViewBatch } from '../read-store.port';
import { currentView, queryOf } from '../view-reads';
import { bindToLog, prepareTable } from '../view-tables';
import { SqliteViewWriter } from './sqlite-view-writer';

/** A page that many transactions touch is copied into the file once per checkpoint. */
const WAL_PAGES_MAX = 8_000;
const STATEMENTS_KEPT_MAX = 256;

/**
 * The read models in one SQLite file. Writes go through one thread, so that projecting never blocks HTTP; queries run on a
 * read-only connection of the calling thread, where a read by key takes microseconds. One process at a time writes to the file.
 */
export class SqliteReadStore implements ReadStore {
  readonly kind = 'sqlite';
  readonly db: Kysely<PlatformTables>;
  private readonly reader: Database.Database;
  private readonly writers = new Map<string, SqliteViewWriter>();

  private constructor(
    private readonly path: string,
    private readonly thread: SqliteThread,
  ) {
    this.reader = new Database(path, { readonly: true });
    this.db = new Kysely({ dialect: new SqliteDialect({ database: keepStatements(this.reader) }) });
  }

  /** @param path the file, made when missing */
  static async open(path: string): Promise<SqliteReadStore> {
    const thread = await SqliteThread.open({ path, synchronous: 'NORMAL', shared: true, walPagesMax: WAL_PAGES_MAX });
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
    const views = await withWritable(this.path, (db) =>
      db.transaction().execute(async (transaction) => {
        await bindToLog(transaction, logId);
        const prepared: PreparedView[] = [];
        for (const projection of projections) prepared.push(await prepareTable(transaction, this.kind, projection));
        return prepared;
      }),
    );
    for (const view of views) this.adopt(view);
  }

  view(name: string): PreparedView {
    return this.writer(name).view;
  }

  adopt(view: PreparedView): void {
    this.writers.set(view.projection.name, new SqliteViewWriter(view, this.thread, this.reader));
  }

  forget(name: string): void {
    this.writers.delete(name);
  }

  async refresh(name: string): Promise<PreparedView> {
    const view = await currentView(this.db, this.view(name));
    if (view.generation !== this.view(name).generation) this.adopt(view);
    return view;
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

  commit(view: string, batch: ViewBatch): Promise<void> {
    return this.writer(view).commit(batch);
  }

  async deleteOlder(view: string, column: string, before: number): Promise<void> {
    const writer = this.writer(view);
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

  private writer(name: string): SqliteViewWriter {
    const writer = this.writers.get(name);
    if (writer === undefined) throw new Error(`no view is called ${name}`);
    return writer;
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
