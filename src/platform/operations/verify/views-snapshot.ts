import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { CompiledQuery, Kysely, PostgresDialect, SqliteDialect, type Transaction } from 'kysely';
import type { Settings } from '../../config/settings';
import type { PlatformTables } from '../../views/platform-tables';

/** The views as they are at one moment, however they are written meanwhile. */
export type ViewsSnapshot = Transaction<PlatformTables>;

/**
 * Reads the views at one moment, without holding up whoever writes them.
 * @returns undefined when there are none
 */
export async function withViewsSnapshot<T>(
  settings: Pick<Settings, 'dataDir' | 'databaseUrl'>,
  work: (snapshot: ViewsSnapshot) => Promise<T>,
): Promise<T | undefined> {
  const db = await openViews(settings);
  if (db === undefined) return undefined;
  try {
    // SQLite knows no other level, and ignores the word.
    return await db.transaction().setIsolationLevel('repeatable read').execute(work);
  } finally {
    await db.destroy();
  }
}

async function openViews({
  dataDir,
  databaseUrl,
}: Pick<Settings, 'dataDir' | 'databaseUrl'>): Promise<Kysely<PlatformTables> | undefined> {
  if (databaseUrl === undefined) {
    const path = join(dataDir, 'views.db');
    if (!existsSync(path)) return undefined;
    return new Kysely({ dialect: new SqliteDialect({ database: new Database(path, { readonly: true }) }) });
  }
  const { boundedPool } = await import('../../views/postgres/postgres-pool.ts');
  return new Kysely({
    dialect: new PostgresDialect({
      // Between two reads of the views the log is folded, which may take minutes. The transaction locks nothing.
      pool: boundedPool({ url: databaseUrl, connectionsMax: 1, idleMs: 0 }),
      onCreateConnection: async (connection) => {
        await connection.executeQuery(CompiledQuery.raw('set search_path to views'));
      },
    }),
  });
}
