import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import { Rejected } from '../../../kernel/rejection';
import type { View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { __nounName__Events, type __Noun__Event } from '../domain/__noun__.events';

/** What each one is now. */
export type __Noun__Row = { readonly id: string; readonly name: string; readonly version: number };

export const __nounName__View: View<__Noun__Row, __Noun__Event> = {
  name: '__module__.__noun__',
  sources: [__nounName__Events],
  table: {
    name: '__table__',
    columns: { id: 'text', name: 'text', version: 'integer' },
    key: ['id'],
  },
  project({ aggregateId: id, version, ...event }) {
    switch (event.type) {
      case '__Noun__Created':
      case '__Noun__Renamed':
        return [{ key: { id }, update: () => ({ id, name: event.data.name, version }) }];
      default:
        return unreachable(event);
    }
  },
};

export class Get__Noun__ extends Query<__Noun__Row> {
  constructor(readonly id: string) {
    super();
  }
}

@QueryHandler(Get__Noun__)
export class Get__Noun__Handler implements IQueryHandler<Get__Noun__> {
  constructor(private readonly models: ReadModels) {}

  async execute({ id }: Get__Noun__): Promise<__Noun__Row> {
    const row = await this.models.from(__nounName__View).selectAll('row').where('row.id', '=', id).executeTakeFirst();
    if (row === undefined) throw new Rejected('__NOUN___NOT_FOUND');
    return row;
  }
}
