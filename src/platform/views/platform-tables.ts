import type { Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';

/** The platform's own tables beside those of the views. */
export interface PlatformTables {
  /** How far each view has read each partition; moved only in the transaction that writes the rows. */
  checkpoints: {
    view: string;
    topic: string;
    partition: number;
    next_offset: number;
    sequence: number;
    epoch: number;
  };
  /** One row per view, locked to the end of each transaction: gives rows their place in the stream. */
  stream_counters: { view: string; seq: number; pruned: number };
  /** What each table was made from. */
  view_tables: { view: string; table_name: string; definition: string; generation: number };
  log_identity: { id: string };
  /** What table streams tell of rows that went away; kept 24 hours. JSON text in `columns` and `moved`. */
  delete_marks: { view: string; seq: number; columns: string; moved: string | null; marked_at: number };
  /** New generations that are being filled beside live ones; at most one per view. */
  view_rebuilds: {
    view: string;
    generation: number;
    definition: string;
    /** Milliseconds since the epoch. */
    started_at: number;
    /** Why it cannot go on; `null` while it runs. */
    failure: string | null;
    /** 0 while the table is filled without its indexes. */
    is_indexed: number;
  };
  /** Records that a view could not take, and those of their key behind them (G9). */
  parked_records: {
    view: string;
    topic: string;
    partition: number;
    record_offset: number;
    /** Empty for records without a key. */
    record_key: string;
    /** 0 when it has none that can be trusted. */
    sequence: number;
    /** JSON of key, value, headers and timestamp. */
    record: string;
    /** `null` for those that only wait behind an earlier one. */
    cause: string | null;
    parked_at: number;
    request: 'retry' | 'drop' | null;
  };
  /** Records that an operator has given up for a view: its rows are the fold of all others. */
  dropped_records: { view: string; topic: string; partition: number; record_offset: number; dropped_at: number };
  /** What operators have asked for events that a process or a publication could not take; their owner does it, and removes it. */
  reaction_requests: {
    consumer: string;
    topic: string;
    partition: number;
    record_offset: number;
    request: 'retry' | 'drop';
  };
}

const migrations: Record<string, Migration> = {
  '0001-platform-tables': {
    async up(db) {
      await db.schema
        .createTable('checkpoints')
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('partition', 'integer', (column) => column.notNull())
        .addColumn('next_offset', 'bigint', (column) => column.notNull())
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .addColumn('epoch', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('checkpoints_key', ['view', 'topic', 'partition'])
        .execute();
      await db.schema
        .createTable('stream_counters')
        .addColumn('view', 'text', (column) => column.primaryKey())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('pruned', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('view_tables')
        .addColumn('view', 'text', (column) => column.primaryKey())
        .addColumn('table_name', 'text', (column) => column.notNull().unique())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('generation', 'integer', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('log_identity')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .execute();
      await db.schema
        .createTable('delete_marks')
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('seq', 'bigint', (column) => column.notNull())
        .addColumn('columns', 'text', (column) => column.notNull())
        .addColumn('moved', 'text')
        .addColumn('marked_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('delete_marks_key', ['view', 'seq'])
        .execute();
    },
  },
  '0002-view-rebuilds': {
    async up(db) {
      await db.schema
        .createTable('view_rebuilds')
        .addColumn('view', 'text', (column) => column.primaryKey())
        .addColumn('generation', 'integer', (column) => column.notNull())
        .addColumn('definition', 'text', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('failure', 'text')
        .execute();
    },
  },
  '0003-parked-records': {
    async up(db) {
      await db.schema
        .createTable('parked_records')
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('partition', 'integer', (column) => column.notNull())
        .addColumn('record_offset', 'bigint', (column) => column.notNull())
        .addColumn('record_key', 'text', (column) => column.notNull())
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .addColumn('record', 'text', (column) => column.notNull())
        .addColumn('cause', 'text')
        .addColumn('parked_at', 'bigint', (column) => column.notNull())
        .addColumn('request', 'text')
        .addPrimaryKeyConstraint('parked_records_key', ['view', 'topic', 'partition', 'record_offset'])
        .execute();
      await db.schema
        .createIndex('parked_records_by_key')
        .on('parked_records')
        .columns(['view', 'topic', 'partition', 'record_key', 'record_offset'])
        .execute();
      await db.schema
        .createTable('dropped_records')
        .addColumn('view', 'text', (column) => column.notNull())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('partition', 'integer', (column) => column.notNull())
        .addColumn('record_offset', 'bigint', (column) => column.notNull())
        .addColumn('dropped_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('dropped_records_key', ['view', 'topic', 'partition', 'record_offset'])
        .execute();
    },
  },
  '0004-rebuild-indexes': {
    async up(db) {
      await db.schema
        .alterTable('view_rebuilds')
        .addColumn('is_indexed', 'integer', (column) => column.notNull().defaultTo(1))
        .execute();
    },
  },
  '0005-reaction-requests': {
    async up(db) {
      await db.schema
        .createTable('reaction_requests')
        .addColumn('consumer', 'text', (column) => column.notNull())
        .addColumn('topic', 'text', (column) => column.notNull())
        .addColumn('partition', 'integer', (column) => column.notNull())
        .addColumn('record_offset', 'bigint', (column) => column.notNull())
        .addColumn('request', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('reaction_requests_key', ['consumer', 'topic', 'partition', 'record_offset'])
        .execute();
    },
  },
};

/** Brings the platform's tables up to date; Kysely's lock lets several processes start at once. */
export async function migratePlatformTables(db: Kysely<PlatformTables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
