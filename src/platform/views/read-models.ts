import { Inject, Injectable } from '@nestjs/common';
import type { EventMessage } from '../../kernel/event-contract';
import type { RowShape, View } from '../../kernel/view';
import type { ReadStore, RowQuery } from './read-store.port';

/** Injection token of the {@link ReadStore}. */
export const READ_STORE = Symbol('READ_STORE');

/** Where query handlers read: `models.from(view).selectAll('row').where('row.id', '=', id)`. */
@Injectable()
export class ReadModels {
  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  /** A query over a view's table, which is called `row` in it. */
  from<Row extends RowShape, Event extends EventMessage>(view: View<Row, Event>): RowQuery<Row> {
    return this.store.from(view.table);
  }
}
