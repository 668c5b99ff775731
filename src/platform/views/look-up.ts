import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import { sql } from 'kysely';
import type { EventMessage } from '../../kernel/event-contract';
import type { RowShape, View } from '../../kernel/view';
import { HttpProblem } from '../http/http-problem';
import { ReadModels } from './read-models';
import { ViewProgress } from './view-progress';

const END_OF_TOPICS_MS = 1_000;
const KEYS_PER_QUERY_MAX = 200;

type Rows = DataLoader<string, RowShape | undefined>;

/** Looks up facts about others that a decision needs; they ride in the command, so that the decision itself stays pure. */
@Injectable()
export class LookUp {
  private readonly rows = new Map<string, Rows>();

  constructor(
    private readonly models: ReadModels,
    private readonly progress: ViewProgress,
  ) {}

  /**
   * The row of a view with a key of one text column. That there is none counts only after the view has read all that its topics hold as of
   * now.
   *
   * @throws HttpProblem VIEW_BEHIND when the view does not get there within a second
   * @throws ViewsUnavailable
   */
  async find<Row extends RowShape, Event extends EventMessage>(
    view: View<Row, Event>,
    key: string,
  ): Promise<Row | undefined> {
    const rows = this.rowsOf(view);
    // They are of that view's table.
    const read = (): Promise<Row | undefined> => rows.load(key) as Promise<Row | undefined>;
    const known = await read();
    if (known !== undefined) return known;
    const end = await this.progress.waitUntilEnd(view.name, END_OF_TOPICS_MS);
    const found = await read();
    if (found === undefined && end === 'behind') throw new HttpProblem('VIEW_BEHIND');
    return found;
  }

  /**
   * As {@link find}, and what was decided before is in it, as far as the view gets there within a second: for what callers have just said
   * of themselves.
   *
   * @throws HttpProblem VIEW_BEHIND
   * @throws ViewsUnavailable
   */
  async findLatest<Row extends RowShape, Event extends EventMessage>(
    view: View<Row, Event>,
    key: string,
  ): Promise<Row | undefined> {
    await this.progress.waitUntilEnd(view.name, END_OF_TOPICS_MS);
    return this.find(view, key);
  }

  /** What is asked in one turn of the event loop shares a query; nothing is kept. */
  private rowsOf<Row extends RowShape, Event extends EventMessage>(view: View<Row, Event>): Rows {
    let rows = this.rows.get(view.name);
    if (rows !== undefined) return rows;
    const [column, ...others] = view.table.key;
    if (column === undefined || others.length > 0) throw new Error(`the key of ${view.name} is not one column`);
    const options = { cache: false, maxBatchSize: KEYS_PER_QUERY_MAX, batchScheduleFn: setImmediate };
    rows = new DataLoader((keys) => this.read(view, column, keys), options);
    this.rows.set(view.name, rows);
    return rows;
  }

  private async read<Row extends RowShape, Event extends EventMessage>(
    view: View<Row, Event>,
    column: string,
    keys: readonly string[],
  ): Promise<(RowShape | undefined)[]> {
    const query = this.models.from(view).selectAll('row');
    const found: RowShape[] = await query.where(sql.ref(`row.${column}`), 'in', [...new Set(keys)]).execute();
    const byKey = new Map(found.map((row) => [row[column], row]));
    return keys.map((key) => byKey.get(key));
  }
}
