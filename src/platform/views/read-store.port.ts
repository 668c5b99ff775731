import type { Compilable, Kysely, SelectQueryBuilder } from 'kysely';
import type { RowShape, TableDefinition } from '../../kernel/view';
import type { PlatformTables } from './platform-tables';
import type { Projection } from './projection';
import type { RowCodec, StoredValue } from './row.codec';
import type { ViewWrites } from './view-fold';

/** Query over one view: its table is called `row`. */
export type RowQuery<Row extends RowShape> = SelectQueryBuilder<PlatformTables & { row: Row }, 'row', object>;

/** How far a view has read one partition, and who may move it. */
export interface Checkpoint {
  readonly topic: string;
  readonly partition: number;
  /** Offset to go on from. */
  readonly offset: number;
  /** Sequence of the last event projected; 0 before the first and for topics without sequences. */
  readonly sequence: number;
  /** Rises with every owner. */
  readonly epoch: number;
}

/** A compare-and-set of one checkpoint: from the offset that its owner knows, under its epoch. */
export interface CheckpointMove {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
}

/** One transaction of one view. */
export interface ViewBatch {
  /** Keys of the rows that {@link fold} needs, by `keyText`; empty for log views. */
  readonly keys: ReadonlyMap<string, readonly StoredValue[]>;
  /** Pure; may run again when the transaction is repeated. */
  readonly fold: (existing: ReadonlyMap<string, RowShape>, seq: number) => ViewWrites;
  readonly moves: readonly CheckpointMove[];
  /** Statements on the platform's tables that belong into the same transaction. */
  readonly also: readonly Compilable[];
}

/** A view whose table is there. */
export interface PreparedView {
  readonly projection: Projection;
  readonly codec: RowCodec;
  /** Rises whenever the table is filled anew; part of stream ids. */
  readonly generation: number;
  /** A generation that is filled from nothing, and read by nobody. */
  readonly filling?: {
    /** The table has no indexes yet: rows may be written in any order. */
    readonly isBare: boolean;
  };
}

/**
 * The read models in SQL: SQLite or PostgreSQL behind one door. Reads go through Kysely, writes through {@link commit}.
 * Every method throws ViewsUnavailable when the database cannot be reached.
 */
export interface ReadStore {
  readonly kind: 'sqlite' | 'postgres';

  /** For queries only; it may refuse writes. */
  readonly db: Kysely<PlatformTables>;

  /** Starts a query over a view's table, named `row` in it; JSON columns come back parsed (when not renamed). */
  from<Row extends RowShape>(table: TableDefinition<Row>): RowQuery<Row>;

  /**
   * Makes or checks the tables of these views and binds the views to this log. A table whose definition has changed is dropped with
   * its checkpoints, so that it is filled again from the log.
   * @throws ViewsForeign
   */
  prepare(logId: string, projections: readonly Projection[]): Promise<void>;

  /** @throws Error when neither {@link prepare} nor {@link adopt} has seen it */
  view(name: string): PreparedView;

  /** Lets {@link commit} write to a view whose table was made by {@link transact}. */
  adopt(view: PreparedView): void;

  /** Ends what {@link adopt} began. */
  forget(name: string): void;

  /** Takes what a rebuild can use and nothing else needs, and gives it back. */
  prepareToFill(isFilling: boolean): Promise<void>;

  /** Looks which generation of the view is live now, and has {@link view} tell it. */
  refresh(name: string): Promise<PreparedView>;

  /**
   * Runs work on the platform's and the views' tables in one transaction that may write. For administration only: on SQLite it holds this
   * thread, so it must be short, and must begin with a statement that writes.
   */
  transact<T>(work: (db: Kysely<PlatformTables>) => Promise<T>): Promise<T>;

  /** Runs one statement on its own, against the connection that may write. */
  write<Row>(query: Compilable<Row>): Promise<Row[]>;

  /**
   * Runs statements that may take long in one transaction, against a connection that may write.
   * @throws RowsRefused when the rows contradict a constraint
   */
  writeAll(queries: readonly Compilable[]): Promise<void>;

  /**
   * Writes rows, deletions, marks, the view's counter and its checkpoints, all or nothing (G6).
   * @throws StaleOwner when a checkpoint or the counter is not where the caller thinks; nothing was written
   * @throws FoldFailed out of {@link ViewBatch.fold}
   * @throws RowsRefused
   */
  commit(view: string, batch: ViewBatch): Promise<void>;

  /** Rows of a view that is not streamed, older than a time, go away. */
  deleteOlder(view: string, column: string, before: number): Promise<void>;

  /** Tells of commits by other processes: the view's name, or `undefined` when any may have changed. */
  onRemoteChange(listener: (view: string | undefined) => void): void;

  /** Round trip to the database. */
  ping(): Promise<void>;

  close(): Promise<void>;
}
