import { randomUUID } from 'node:crypto';
import { DatabaseError } from 'pg';
import { Kysely, PostgresDialect, sql, type Compilable } from 'kysely';
import type { RowShape, TableDefinition } from '../../../kernel/view';
import { migratePlatformTables, type PlatformTables } from '../platform-tables';
import type { Projection } from '../projection';
import type { PreparedView, ReadStore, RowQuery, ViewBatch } from '../read-store.port';
import { queryOf } from '../view-reads';
import { prepareAll } from '../view-tables';
import { ViewWriters } from '../view-writers';
import { DatabaseUnusable } from '../views.errors';
import { boundedPool, type PostgresOptions } from './postgres-pool';
import { PostgresListener } from './postgres-listener';
import { PostgresViewWriter } from './postgres-view-writer';

/** Advisory lock under which schema and tables are made; any constant of our own. */
const PREPARE_LOCK = 7_304_518_211;

/** To index a large table takes as long as it takes. */
const HOUR_MS = 3_600_000;

/** The read models in PostgreSQL, schema `views`, for any number of processes. */
export class PostgresReadStore implements ReadStore {
  readonly kind = 'postgres';
  readonly db: Kysely<PlatformTables>;
  private readonly writers: ViewWriters<PostgresViewWriter>;
  private readonly origin = randomUUID();
  private readonly listeners: ((view: string | undefined) => void)[] = [];
  private readonly listener: PostgresListener;

  private constructor(private readonly options: PostgresOptions) {
    this.db = kyselyOn(options);
    this.writers = new ViewWriters(this.db, (view) => new PostgresViewWriter(view, this.origin));
    this.listener = new PostgresListener(options.url, this.origin, (view) => {
      for (const heard of this.listeners) heard(view);
    });
  }

  /**
   * @throws ViewsUnavailable it cannot be reached
   * @throws DatabaseUnusable it refuses us
   */
  static async open(options: PostgresOptions): Promise<PostgresReadStore> {
    const store = new PostgresReadStore(options);
    try {
      await store.exclusively((db) => sql`create schema if not exists views`.execute(db));
      await migratePlatformTables(store.db);
      store.listener.start();
      return store;
    } catch (error) {
      await store.close();
      throw error instanceof DatabaseError ? new DatabaseUnusable(error.message, { cause: error }) : error;
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

  async prepareToFill(): Promise<void> {}

  refresh(name: string): Promise<PreparedView> {
    return this.writers.refresh(name);
  }

  transact<T>(work: (db: Kysely<PlatformTables>) => Promise<T>): Promise<T> {
    return this.exclusively(work);
  }

  async write<Row>(query: Compilable<Row>): Promise<Row[]> {
    const { rows } = await this.db.executeQuery(query.compile());
    return rows;
  }

  async writeAll(queries: readonly Compilable[]): Promise<void> {
    const db = kyselyOn({ ...this.options, connectionsMax: 1, statementMs: HOUR_MS, lockMs: HOUR_MS });
    try {
      await db.transaction().execute(async (transaction) => {
        for (const query of queries) await transaction.executeQuery(query.compile());
      });
    } finally {
      await db.destroy();
    }
  }

  commit(view: string, batch: ViewBatch): Promise<void> {
    return this.writers.get(view).commit(this.db, batch);
  }

  async deleteOlder(view: string, column: string, before: number): Promise<void> {
    const { name } = this.view(view).projection.table;
    await sql`delete from ${sql.table(name)} where ${sql.ref(column)} < ${before}`.execute(this.db);
  }

  onRemoteChange(listener: (view: string | undefined) => void): void {
    this.listeners.push(listener);
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.db);
  }

  async close(): Promise<void> {
    await this.listener.close();
    await this.db.destroy();
  }

  private async exclusively<T>(work: (db: Kysely<PlatformTables>) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(async (transaction) => {
      await sql`set local lock_timeout to 60000`.execute(transaction);
      await sql`select pg_advisory_xact_lock(${PREPARE_LOCK})`.execute(transaction);
      return work(transaction);
    });
  }
}

function kyselyOn(options: PostgresOptions): Kysely<PlatformTables> {
  return new Kysely({ dialect: new PostgresDialect({ pool: boundedPool(options) }) });
}
