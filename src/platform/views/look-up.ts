import { Injectable } from '@nestjs/common';
import type { EventMessage } from '../../kernel/event-contract';
import type { RowShape, View } from '../../kernel/view';
import { HttpProblem } from '../http/http-problem';
import { ReadModels } from './read-models';
import type { RowQuery } from './read-store.port';
import { ViewProgress } from './view-progress';

const END_OF_TOPICS_MS = 1_000;

/** Looks up facts about others that a decision needs; they ride in the command, so that the decision itself stays pure. */
@Injectable()
export class LookUp {
  constructor(
    private readonly models: ReadModels,
    private readonly progress: ViewProgress,
  ) {}

  /**
   * The row of a view that a query selects. That there is none counts only after the view has read all that its topics hold as of now.
   *
   * @param select narrows the query to one row
   * @throws HttpProblem VIEW_BEHIND when the view does not get there within a second
   * @throws ViewsUnavailable
   */
  async find<Row extends RowShape, Event extends EventMessage>(
    view: View<Row, Event>,
    select: (rows: RowQuery<Row>) => RowQuery<Row>,
  ): Promise<Row | undefined> {
    const read = (): Promise<Row | undefined> =>
      select(this.models.from(view)).selectAll('row').executeTakeFirst() as Promise<Row | undefined>;
    const known = await read();
    if (known !== undefined) return known;
    const end = await this.progress.waitUntilEnd(view.name, END_OF_TOPICS_MS);
    const found = await read();
    if (found === undefined && end === 'behind') throw new HttpProblem('VIEW_BEHIND');
    return found;
  }
}
