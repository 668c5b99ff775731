import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { ColumnType, RowShape } from '../../../kernel/view';
import type { PlatformTables } from '../platform-tables';
import type { CheckpointMove, PreparedView, ViewBatch } from '../read-store.port';
import { keyText, type StoredValue } from '../row.codec';
import { StaleOwner } from '../views.errors';
import type { DeleteMark, PlacedRow } from '../view-fold';
import { CHANNEL } from './postgres-listener';

const SQL_TYPES: Record<ColumnType, string> = {
  text: 'text',
  integer: 'bigint',
  double: 'double precision',
  json: 'text',
};

/**
 * The transaction that makes views exact, on PostgreSQL: the view's counter row is locked first, to the end, so the writers of a view
 * in all processes come one after the other; every checkpoint moves by compare-and-set; then rows are loaded, folded and written.
 * Many rows travel as one JSON parameter: numbers in it are decimal text, exact to the last bit.
 */
export class PostgresViewWriter {
  private readonly streamed: boolean;
  private readonly columns: readonly string[];
  private readonly recordColumns: RawBuilder<unknown>;
  private readonly keyColumns: RawBuilder<unknown>;
  private readonly keyRecord: RawBuilder<unknown>;
  private readonly onConflict: RawBuilder<unknown>;
  private readonly table: RawBuilder<unknown>;

  constructor(
    readonly view: PreparedView,
    private readonly origin: string,
  ) {
    const { codec, projection } = view;
    const { table, stream } = projection;
    this.streamed = stream !== undefined;
    this.columns = [...codec.columns.map(({ name }) => name), ...(this.streamed ? ['seq'] : [])];
    const typed = codec.columns.map(({ name, type }) => sql`${sql.id(name)} ${sql.raw(SQL_TYPES[type])}`);
    if (this.streamed) typed.push(sql`seq bigint`);
    const keyTypes = codec.columnsNamed(table.key);
    const others = this.columns.filter((name) => !table.key.includes(name));
    const updates = others.map((name) => sql`${sql.id(name)} = excluded.${sql.id(name)}`);
    this.table = sql.table(table.name);
    this.recordColumns = sql.join(typed);
    this.keyColumns = sql.join(table.key.map((name) => sql.id(name)));
    this.keyRecord = sql.join(keyTypes.map(({ name, type }) => sql`${sql.id(name)} ${sql.raw(SQL_TYPES[type])}`));
    const update = updates.length === 0 ? sql`nothing` : sql`update set ${sql.join(updates)}`;
    this.onConflict = stream === 'log' ? sql`` : sql`on conflict (${this.keyColumns}) do ${update}`;
  }

  async commit(db: Kysely<PlatformTables>, batch: ViewBatch): Promise<void> {
    await db.transaction().execute(async (transaction) => {
      const seq = await this.lockCounter(transaction);
      await this.moveCheckpoints(transaction, batch.moves);
      const existing = await this.load(transaction, [...batch.keys.values()]);
      const writes = batch.fold(existing, seq);
      await this.writeRows(transaction, writes.rows);
      await this.deleteRows(transaction, writes.deletes);
      await this.writeMarks(transaction, writes.marks);
      for (const query of batch.also) await transaction.executeQuery(query.compile());
      await this.moveCounter(transaction, writes.seq);
    });
  }

  private get name(): string {
    return this.view.projection.name;
  }

  private async lockCounter(transaction: Transaction<PlatformTables>): Promise<number> {
    const counter = await transaction
      .selectFrom('stream_counters')
      .select('seq')
      .where('view', '=', this.name)
      .forUpdate()
      .executeTakeFirst();
    if (counter === undefined) throw new StaleOwner(`${this.name}: the view has gone`);
    return counter.seq;
  }

  private async load(
    transaction: Transaction<PlatformTables>,
    keys: readonly (readonly StoredValue[])[],
  ): Promise<Map<string, RowShape>> {
    const existing = new Map<string, RowShape>();
    if (keys.length === 0) return existing;
    const { codec } = this.view;
    const { rows } = await sql<Record<string, unknown>>`
      select * from ${this.table} where (${this.keyColumns}) in
        (select ${this.keyColumns} from json_to_recordset(${this.keysJson(keys)}::json) as key(${this.keyRecord}))
    `.execute(transaction);
    for (const stored of rows) {
      const row = codec.decoded(stored);
      existing.set(keyText(codec.key(row)), row);
    }
    return existing;
  }

  private async writeRows(transaction: Transaction<PlatformTables>, rows: readonly PlacedRow[]): Promise<void> {
    if (rows.length === 0) return;
    const records = rows.map(({ row, seq }) => {
      const record: Record<string, StoredValue> = {};
      const values: StoredValue[] = [];
      this.view.codec.addValues(row, values);
      for (const [index, value] of values.entries()) record[this.columns[index] ?? ''] = value;
      if (this.streamed) record['seq'] = seq;
      return record;
    });
    const names = sql.join(this.columns.map((name) => sql.id(name)));
    await sql`
      insert into ${this.table} (${names})
      select ${names} from json_to_recordset(${JSON.stringify(records)}::json) as row(${this.recordColumns})
      ${this.onConflict}
    `.execute(transaction);
  }

  private async deleteRows(
    transaction: Transaction<PlatformTables>,
    keys: readonly (readonly StoredValue[])[],
  ): Promise<void> {
    if (keys.length === 0) return;
    await sql`
      delete from ${this.table} where (${this.keyColumns}) in
        (select ${this.keyColumns} from json_to_recordset(${this.keysJson(keys)}::json) as key(${this.keyRecord}))
    `.execute(transaction);
  }

  private async writeMarks(transaction: Transaction<PlatformTables>, marks: readonly DeleteMark[]): Promise<void> {
    if (marks.length === 0) return;
    const records = marks.map((mark) => ({
      seq: mark.seq,
      columns: JSON.stringify(mark.columns),
      moved: mark.moved === null ? null : JSON.stringify(mark.moved),
    }));
    await sql`
      insert into delete_marks (view, seq, columns, moved, marked_at)
      select ${this.name}, seq, columns, moved, ${Date.now()}
      from json_to_recordset(${JSON.stringify(records)}::json) as mark(seq bigint, columns text, moved text)
    `.execute(transaction);
  }

  private async moveCheckpoints(
    transaction: Transaction<PlatformTables>,
    moves: readonly CheckpointMove[],
  ): Promise<void> {
    const { numAffectedRows } = await sql`
      update checkpoints set next_offset = move."to", sequence = move.sequence
      from json_to_recordset(${JSON.stringify(moves)}::json)
        as move(topic text, partition integer, epoch bigint, "from" bigint, "to" bigint, sequence bigint)
      where checkpoints.view = ${this.name} and checkpoints.topic = move.topic
        and checkpoints.partition = move.partition and checkpoints.epoch = move.epoch
        and checkpoints.next_offset = move."from"
    `.execute(transaction);
    if (numAffectedRows !== BigInt(moves.length)) {
      throw new StaleOwner(`${this.name}: a checkpoint was moved by another owner`);
    }
  }

  private async moveCounter(transaction: Transaction<PlatformTables>, seq: number): Promise<void> {
    await sql`
      with moved as (update stream_counters set seq = ${seq} where view = ${this.name})
      select pg_notify(${CHANNEL}, ${`${this.name} ${this.origin}`})
    `.execute(transaction);
  }

  private keysJson(keys: readonly (readonly StoredValue[])[]): string {
    const names = this.view.projection.table.key;
    return JSON.stringify(
      keys.map((key) => Object.fromEntries(key.map((value, index) => [names[index] ?? '', value]))),
    );
  }
}
