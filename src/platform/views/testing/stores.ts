import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { PostgresReadStore } from '../postgres/postgres.store';
import type { ReadStore } from '../read-store.port';
import { SqliteReadStore } from '../sqlite/sqlite.store';

/** A database of its own for one test; every `open` is one more process on it, as far as the database can tell. */
export interface TestDatabase {
  open(): Promise<ReadStore>;
  drop(): Promise<void>;
}

export async function sqliteDatabase(): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'views-'));
  return {
    open: () => SqliteReadStore.open(join(directory, 'views.db')),
    drop: () => rm(directory, { recursive: true, force: true }),
  };
}

/** @param serverUrl a PostgreSQL whose user may create databases */
export async function postgresDatabase(serverUrl: string): Promise<TestDatabase & { readonly url: string }> {
  const name = `views_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await administer(serverUrl, `create database ${name}`);
  return {
    url: url.href,
    open: () => PostgresReadStore.open({ url: url.href }),
    drop: () => administer(serverUrl, `drop database ${name} with (force)`),
  };
}

/** The server that the test run has started; without it the tests fail, they are not skipped. */
export function postgresServer(): string {
  const url = process.env['DATABASE_URL'];
  if (url === undefined) throw new Error('DATABASE_URL is not set: the test command starts PostgreSQL and sets it');
  return url;
}

export async function administer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
