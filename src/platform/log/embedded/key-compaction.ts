import { rmSync } from 'node:fs';
import { chunkSlices, newestChunk, type ChunkSlice } from './chunk-slices';
import { offsetOf, placeOf, type EmbeddedStore } from './embedded-store';

const RANGE = 'place >= ? and place < ?';
const SCRATCH = [
  'pragma scratch.journal_mode = off',
  'pragma scratch.synchronous = off',
  'create table scratch.latest (key text primary key, place integer not null) without rowid',
  'create table scratch.survivors (place integer primary key, record text not null)',
];
const NOTE_LATEST = `insert into scratch.latest
  select value -> 0, place + key from chunks, json_each(records) where ${RANGE} order by place + key
  on conflict (key) do update set place = excluded.place`;
/** Records of a range that a later one of their key has replaced, and tombstones from before a time: by then everyone has seen them. */
const RECORDS = `from chunks, json_each(records) join scratch.latest on latest.key = value -> 0 where chunks.${RANGE.replace(' and ', ' and chunks.')}`;
const IS_NEEDED = `latest.place = chunks.place + json_each.key and not (value ->> 1 is null and value ->> 3 < ?)`;
const HAS_REPLACED = `select exists (select 1 ${RECORDS} and not (${IS_NEEDED})) as found`;
const NOTE_SURVIVORS = `insert into scratch.survivors select chunks.place + json_each.key, value ${RECORDS} and ${IS_NEEDED}`;
const COUNT_SURVIVORS = `select count(*) as kept ${RECORDS} and ${IS_NEEDED}`;
/** What survives side by side becomes one chunk, whose place tells the offsets; the rest are holes, as Kafka's. */
const WRITE_SURVIVORS = `insert into chunks select place, records, checksum(place, records) from (
  select min(place) as place, '[' || group_concat(record, ',' order by place) || ']' as records from (
    select place, record, place - row_number() over (order by place) as run from scratch.survivors) group by run)`;
const NOTE_PASS = 'insert or replace into compactions values (?, ?, ?)';

/**
 * Keeps of each key of a partition its last record. It goes through the partition twice in small slices: first it notes the last place of
 * every key in a scratch file beside the log, then it writes each slice anew without what was replaced. Each slice is one transaction and
 * leaves the partition whole, so a process that dies in between has only to begin again.
 */
export class KeyCompaction {
  private readonly scratch: string;

  constructor(private readonly store: EmbeddedStore) {
    this.scratch = `${store.path}-compaction`;
  }

  /** Offset up to which the last pass went, and the records that it kept. */
  async last(partitionId: number): Promise<{ readonly next: number; readonly kept: number }> {
    const [row] = await this.store.query('select next, kept from compactions where partition = ?', [partitionId]);
    return { next: Number(row?.['next'] ?? 0), kept: Number(row?.['kept'] ?? 0) };
  }

  /**
   * @param tombstonesBefore milliseconds since the epoch
   * @throws LogSetupError LOG_DAMAGED
   */
  async run(partitionId: number, tombstonesBefore: number, signal: AbortSignal): Promise<void> {
    const { store } = this;
    const newest = await newestChunk(store, partitionId);
    if (newest === undefined) return;
    await this.openScratch();
    try {
      const start = placeOf(partitionId, 0);
      for await (const { from, to } of chunkSlices(store, start, newest + 1, signal)) {
        await store.write([{ sql: NOTE_LATEST, width: 2, values: [from, to] }]);
      }
      let kept = 0;
      for await (const slice of chunkSlices(store, start, newest, signal)) {
        kept += await this.compact(slice, tombstonesBefore);
      }
      if (signal.aborted) return;
      await store.write([{ sql: NOTE_PASS, width: 3, values: [partitionId, offsetOf(newest), kept] }]);
    } finally {
      await this.closeScratch();
    }
  }

  /** @returns how many records the slice has kept */
  private async compact({ from, to, chunks }: ChunkSlice, tombstonesBefore: number): Promise<number> {
    const range = [from, to, tombstonesBefore];
    const [replaced] = await this.store.query(HAS_REPLACED, range);
    if (replaced?.['found'] === 0) {
      const [counted] = await this.store.query(COUNT_SURVIVORS, range);
      return Number(counted?.['kept']);
    }
    const changes = await this.store.write([
      { sql: 'delete from scratch.survivors', width: 0, values: [] },
      { sql: NOTE_SURVIVORS, width: 3, values: range },
      // Each of them once more intact: nothing is written anew from what was misread.
      {
        sql: `delete from chunks where ${RANGE} and checksum(place, records) = crc`,
        width: 2,
        values: [from, to],
        changes: chunks,
      },
      { sql: WRITE_SURVIVORS, width: 0, values: [] },
    ]);
    return changes[1] ?? 0;
  }

  private async openScratch(): Promise<void> {
    rmSync(this.scratch, { force: true });
    await this.store.query('attach database ? as scratch', [this.scratch]);
    for (const sql of SCRATCH) await this.store.query(sql, []);
  }

  private async closeScratch(): Promise<void> {
    await this.store.query('detach database scratch', []);
    rmSync(this.scratch, { force: true });
  }
}
