import type Database from 'better-sqlite3';
import type { Compilable } from 'kysely';
import type { RowShape } from '../../../kernel/view';
import { bindable, type SqliteThread, type SqliteValue, type SqliteWrite } from '../../sqlite/sqlite-thread';
import type { PreparedView, ViewBatch } from '../read-store.port';
import { keyText, type StoredValue } from '../row.codec';
import type { PlacedRow, ViewWrites } from '../view-fold';
import { KeyFilter } from './key-filter';
import { sqliteFailure } from './sqlite-failures';

const ROWS_REMEMBERED_MAX = 10_000;
const ROWS_SORTED_MIN = 500;
/** One query for many keys costs a fraction of as many queries. */
const KEYS_TOGETHER_MIN = 50;

const MOVE_COUNTER = 'update stream_counters set seq = ? where view = ? and seq = ?';
const MOVE_CHECKPOINT = `update checkpoints set next_offset = ?, sequence = ?
  where view = ? and topic = ? and partition = ? and epoch = ? and next_offset = ?`;
const MARK = 'insert into delete_marks (view, seq, columns, moved, marked_at) values (?, ?, ?, ?, ?)';

/**
 * The transaction that makes views exact, on SQLite: optimistic. The view's counter and rows are read first, on this thread; then one
 * message to the writing thread carries the whole transaction, and it is rolled back unless the counter and every checkpoint
 * are still where they were read.
 */
export class SqliteViewWriter {
  private readonly upsertRow: string;
  private readonly deleteRow: string;
  private readonly selectRow: Database.Statement<SqliteValue[], Record<string, unknown>>;
  /** Rows of all keys in a JSON array. */
  private readonly selectRows: Database.Statement<[string], Record<string, unknown>>;
  private readonly selectSeq: Database.Statement<[string], { seq: number }>;
  private readonly streamed: boolean;
  /** Rows as last committed. They can be remembered, since whoever else writes to the view moves its counter. */
  private readonly remembered = new Map<string, RowShape>();
  /** Keys of all rows, where the table was filled from nothing by this writer alone: most keys of a rebuild are new. */
  private filter: KeyFilter | undefined;
  private seq: number | undefined;

  constructor(
    readonly view: PreparedView,
    private readonly thread: SqliteThread,
    reader: Database.Database,
  ) {
    const { table, stream } = view.projection;
    this.streamed = stream !== undefined;
    const columns = view.codec.columns.map(({ name }) => name);
    if (this.streamed) columns.push('seq');
    const others = columns.filter((name) => !table.key.includes(name));
    const conflict = others.length === 0 ? 'nothing' : `update set ${others.map(assignment).join(', ')}`;
    const insert = `insert into ${quoted(table.name)} (${columns.map(quoted).join(', ')}) values (${columns.map(() => '?').join(', ')})`;
    const where = table.key.map((name) => `${quoted(name)} = ?`).join(' and ');
    this.upsertRow =
      stream === 'log' ? insert : `${insert} on conflict (${table.key.map(quoted).join(', ')}) do ${conflict}`;
    this.deleteRow = `delete from ${quoted(table.name)} where ${where}`;
    this.selectRow = reader.prepare(`select * from ${quoted(table.name)} where ${where}`);
    const part = (index: number): string => (table.key.length === 1 ? 'wanted.value' : `wanted.value ->> ${index}`);
    const matches = table.key.map((name, index) => `"row".${quoted(name)} = ${part(index)}`).join(' and ');
    // A cross join keeps the order of the tables: for every key one look-up in the table, never the other way round.
    this.selectRows = reader.prepare<[string], Record<string, unknown>>(
      `select "row".* from json_each(?) as wanted cross join ${quoted(table.name)} as "row" on ${matches}`,
    );
    this.selectSeq = reader.prepare('select seq from stream_counters where view = ?');
  }

  async commit(batch: ViewBatch): Promise<void> {
    const name = this.view.projection.name;
    const seq = (this.seq ??= this.selectSeq.get(name)?.seq ?? 0);
    if (seq === 0 && this.view.filling?.isBare === false) this.filter ??= new KeyFilter();
    const writes = batch.fold(this.load(batch.keys), seq);
    const rows = this.valuesOf(this.inKeyOrder(writes.rows));
    const width = this.view.codec.columns.length + (this.streamed ? 1 : 0);
    const moves = batch.moves.flatMap((move): SqliteValue[] => [
      move.to,
      move.sequence,
      name,
      move.topic,
      move.partition,
      move.epoch,
      move.from,
    ]);
    const now = Date.now();
    const marks = writes.marks.flatMap((mark): SqliteValue[] => [
      name,
      mark.seq,
      JSON.stringify(mark.columns),
      mark.moved === null ? null : JSON.stringify(mark.moved),
      now,
    ]);
    const transaction: SqliteWrite[] = [
      { sql: MOVE_COUNTER, width: 3, values: [writes.seq, name, seq], changes: 1 },
      { sql: MOVE_CHECKPOINT, width: 7, values: moves, changes: batch.moves.length },
    ];
    if (rows.length > 0) transaction.push({ sql: this.upsertRow, width, values: rows });
    if (writes.deletes.length > 0) {
      transaction.push({ sql: this.deleteRow, width: writes.deletes[0]?.length ?? 0, values: writes.deletes.flat() });
    }
    if (marks.length > 0) transaction.push({ sql: MARK, width: 5, values: marks });
    transaction.push(...batch.also.map(writeOf));
    try {
      await this.thread.write(transaction);
    } catch (error) {
      this.forget();
      throw sqliteFailure(error);
    }
    this.seq = writes.seq;
    this.remember(writes);
  }

  /** Reads everything anew before the next transaction. */
  forget(): void {
    this.seq = undefined;
    this.filter = undefined;
    this.remembered.clear();
  }

  /** Keys are mostly random: in order they touch each page once, where a large batch would touch it again and again. */
  private inKeyOrder(rows: readonly PlacedRow[]): readonly PlacedRow[] {
    if (rows.length < ROWS_SORTED_MIN || this.view.filling?.isBare === true) return rows;
    const [first = ''] = this.view.projection.table.key;
    return rows.toSorted((left, right) => ((left.row[first] ?? '') < (right.row[first] ?? '') ? -1 : 1));
  }

  private valuesOf(rows: readonly PlacedRow[]): StoredValue[] {
    const values: StoredValue[] = [];
    for (const { row, seq } of rows) {
      this.view.codec.addValues(row, values);
      if (this.streamed) values.push(seq);
    }
    return values;
  }

  private load(keys: ReadonlyMap<string, readonly StoredValue[]>): Map<string, RowShape> {
    const existing = new Map<string, RowShape>();
    const wanted: (readonly StoredValue[])[] = [];
    for (const [text, key] of keys) {
      const known = this.remembered.get(text);
      if (known !== undefined) existing.set(text, known);
      else if (this.filter?.mayHold(text) !== false) wanted.push(key);
    }
    for (const stored of this.select(wanted)) {
      const row = this.view.codec.decoded(stored);
      existing.set(keyText(this.view.codec.key(row)), row);
    }
    return existing;
  }

  private select(keys: readonly (readonly StoredValue[])[]): Record<string, unknown>[] {
    if (keys.length < KEYS_TOGETHER_MIN) {
      return keys.map((key) => this.selectRow.get(...key)).filter((row) => row !== undefined);
    }
    const isSingle = this.view.projection.table.key.length === 1;
    return this.selectRows.all(JSON.stringify(isSingle ? keys.map(([only]) => only) : keys));
  }

  private remember({ rows, deletes }: ViewWrites): void {
    if (this.view.projection.stream === 'log') return;
    for (const key of deletes) this.remembered.delete(keyText(key));
    if (this.remembered.size + rows.length > ROWS_REMEMBERED_MAX) this.remembered.clear();
    for (const { row } of rows) {
      const text = keyText(this.view.codec.key(row));
      this.remembered.set(text, row);
      this.filter?.add(text);
    }
  }
}

/** A statement as the writing thread takes it. */
export function writeOf(query: Compilable): SqliteWrite {
  const { sql, parameters } = query.compile();
  return { sql, width: parameters.length, values: parameters.map(bindable) };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function assignment(name: string): string {
  return `${quoted(name)} = excluded.${quoted(name)}`;
}
