import { sql } from 'kysely';
import type { RowShape } from '../../../kernel/view';
import type { PreparedView, ReadStore } from '../read-store.port';
import { ViewsUnavailable } from '../views.errors';
import type { StreamFilter } from './stream-filter';
import { StreamItem } from './stream-item';

export interface StreamHead {
  /** The view's counter: all rows up to it are visible. */
  readonly seq: number;
  /** Deletions up to it are forgotten. */
  readonly pruned: number;
}

/** Another generation is live now: what was read of this one cannot be continued. */
export class GenerationChanged extends ViewsUnavailable {
  constructor(view: string) {
    super(`another generation of ${view} has become live`);
  }
}

export interface StreamSlice {
  /** In the order of their seq. */
  readonly items: readonly StreamItem[];
  /** All items up to here are in this slice. */
  readonly upTo: number;
}

/** A view as a stream of items in the order of their seq. */
export interface StreamSource {
  readonly view: PreparedView;
  /** @throws GenerationChanged */
  head(): Promise<StreamHead>;
  /**
   * Items after `from`, up to `to`, at most about `limit` of each kind.
   * Nothing once another generation is live, which {@link head} then tells.
   * @param deletionsAfter deletions up to it are of no interest
   */
  slice(from: number, to: number, limit: number, filter?: StreamFilter, deletionsAfter?: number): Promise<StreamSlice>;
}

/**
 * Reads a stream from SQL. The counter is locked while rows are written, so once it is seen at a value every row up to it is
 * visible; what is written meanwhile has a higher seq.
 */
export class SqlStreamSource implements StreamSource {
  readonly view: PreparedView;

  constructor(
    private readonly store: ReadStore,
    readonly name: string,
  ) {
    this.view = store.view(name);
    if (this.view.projection.stream === undefined) throw new Error(`the view ${name} is not streamed`);
  }

  async head(): Promise<StreamHead> {
    const { generation, ...head } = await this.store.db
      .selectFrom('stream_counters')
      .innerJoin('view_tables', 'view_tables.view', 'stream_counters.view')
      .select(['seq', 'pruned', 'generation'])
      .where('stream_counters.view', '=', this.name)
      .executeTakeFirstOrThrow();
    if (generation !== this.view.generation) throw new GenerationChanged(this.name);
    return head;
  }

  async slice(
    from: number,
    to: number,
    limit: number,
    filter?: StreamFilter,
    deletionsAfter: number = from,
  ): Promise<StreamSlice> {
    const rows = await this.rows(from, to, limit, filter);
    let upTo = rows.length < limit ? to : (rows[rows.length - 1]?.seq ?? to);
    if (this.view.projection.stream === 'log') return { items: rows, upTo };
    const marks = await this.marks(Math.max(from, deletionsAfter), upTo, limit);
    if (marks.length >= limit) upTo = Math.min(upTo, marks[marks.length - 1]?.seq ?? upTo);
    const mine = filter === undefined ? marks : marks.filter((mark) => mark.isFor(filter));
    if (mine.length === 0 && upTo >= (rows[rows.length - 1]?.seq ?? 0)) return { items: rows, upTo };
    const items = [...rows, ...mine].filter(({ seq }) => seq <= upTo).sort((left, right) => left.seq - right.seq);
    return { items, upTo };
  }

  private async rows(from: number, to: number, limit: number, filter?: StreamFilter): Promise<StreamItem[]> {
    const { projection, codec, generation } = this.view;
    const { table } = projection;
    const equal = (filter?.columns ?? []).map((column) => sql`and ${sql.ref(column)} = ${filter?.where[column]}`);
    const conditions = equal.length === 0 ? sql`` : sql.join(equal, sql` `);
    const { rows } = await sql<Record<string, unknown>>`
      select * from ${sql.table(table.name)} where seq > ${from} and seq <= ${to} ${conditions}
        and exists (select 1 from view_tables where view = ${this.name} and generation = ${generation})
      order by seq limit ${limit}
    `.execute(this.store.db);
    return rows.map((row) => new StreamItem(Number(row['seq']), codec.decoded(row), undefined, generation, table.key));
  }

  private async marks(from: number, to: number, limit: number): Promise<StreamItem[]> {
    if (from >= to) return [];
    const { projection, generation } = this.view;
    const marks = await this.store.db
      .selectFrom('delete_marks')
      .select(['seq', 'columns', 'moved'])
      .where('view', '=', this.name)
      .where('seq', '>', from)
      .where('seq', '<=', to)
      .orderBy('seq')
      .limit(limit)
      .execute();
    return marks.map(({ seq, columns, moved }) => {
      const now = moved === null ? null : parsedRow(moved);
      return new StreamItem(seq, parsedRow(columns), now, generation, projection.table.key);
    });
  }
}

function parsedRow(text: string): RowShape {
  const parsed: unknown = JSON.parse(text);
  return parsed as RowShape;
}
