import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';

/** What a record is stored as in `log.db`. */
export type StoredRecord = [key: string | null, value: string | null, headers: Record<string, string>, at: number];

/**
 * Changes the records of a topic in `log.db` as somebody would who knows how to make the checksum right again. Nobody may have it open.
 *
 * @param change gives each record back, changed or not, or `undefined` to take it out
 */
export function tamperWithLog(
  directory: string,
  topic: string,
  change: (record: StoredRecord) => StoredRecord | undefined,
  { mendChecksum = true }: { mendChecksum?: boolean } = {},
): void {
  const database = new Database(join(directory, 'log.db'));
  try {
    const partitions = database.prepare('select id from partitions where topic = ?').pluck().all(topic).map(Number);
    const chunks = database.prepare<[], { place: number; records: string }>('select place, records from chunks').all();
    for (const { place, records } of chunks) {
      if (!partitions.includes(Math.floor(place / 2 ** 40))) continue;
      const changed = JSON.stringify(
        (JSON.parse(records) as StoredRecord[]).flatMap((record) => wrapped(change(record))),
      );
      if (changed === records) continue;
      database.prepare('update chunks set records = ? where place = ?').run(changed, place);
      const crc = crc32(`${place}\u0000${changed}`);
      if (mendChecksum) database.prepare('update chunks set crc = ? where place = ?').run(crc, place);
    }
  } finally {
    database.close();
  }
}

function wrapped(record: StoredRecord | undefined): StoredRecord[] {
  return record === undefined ? [] : [record];
}

/** Changes `views.db` by hand. */
export function tamperWithViews(directory: string, statement: string): number {
  const database = new Database(join(directory, 'views.db'));
  try {
    return database.prepare(statement).run().changes;
  } finally {
    database.close();
  }
}
