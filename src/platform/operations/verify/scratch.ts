import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

const CACHE_KB = 16_384;

/**
 * JSON by key, in a file that goes away: what is verified is folded into it, so that memory stays bounded (this file's cache of 16 MB and
 * one batch of records) however many aggregates and rows there are. The disk needs about as much as state and views take.
 */
export class Scratch {
  private readonly directory = mkdtempSync(join(tmpdir(), 'verify-'));
  private readonly database: Database.Database;
  private readonly selectOne: Database.Statement<[string], { json: string }>;
  private readonly upsert: Database.Statement<[string, string]>;
  private readonly remove: Database.Statement<[string]>;

  constructor() {
    this.database = new Database(join(this.directory, 'scratch.db'));
    this.database.pragma('journal_mode = OFF');
    this.database.pragma('synchronous = OFF');
    this.database.pragma(`cache_size = -${CACHE_KB}`);
    this.database.exec('create table entries (key text primary key, json text not null) without rowid');
    this.selectOne = this.database.prepare('select json from entries where key = ?');
    this.upsert = this.database.prepare('insert or replace into entries values (?, ?)');
    this.remove = this.database.prepare('delete from entries where key = ?');
  }

  get(key: string): unknown {
    const row = this.selectOne.get(key);
    return row === undefined ? undefined : (JSON.parse(row.json) as unknown);
  }

  /** Writes what a batch has changed; `undefined` deletes. */
  write(changes: ReadonlyMap<string, unknown>): void {
    this.database.transaction(() => {
      for (const [key, value] of changes) {
        if (value === undefined) this.remove.run(key);
        else this.upsert.run(key, JSON.stringify(value));
      }
    })();
  }

  /** In the order of the keys. Nothing may be written meanwhile. */
  *entries(): Generator<{ key: string; value: unknown }> {
    const all = this.database.prepare<[], { key: string; json: string }>('select key, json from entries order by key');
    for (const { key, json } of all.iterate()) yield { key, value: JSON.parse(json) as unknown };
  }

  get size(): number {
    return this.database.prepare<[], number>('select count(*) from entries').pluck().get() ?? 0;
  }

  close(): void {
    this.database.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
