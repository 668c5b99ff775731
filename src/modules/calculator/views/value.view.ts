import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import { Rejected } from '../../../kernel/rejection';
import type { View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { valueEvents, type ValueEvent } from '../domain/value.events';

/** What every value is now. */
export type ValueRow = { readonly id: string; readonly value: number; readonly version: number };

export const valueView: View<ValueRow, ValueEvent> = {
  name: 'calculator.value',
  sources: [valueEvents],
  table: {
    name: 'calculator_values',
    columns: { id: 'text', value: 'double', version: 'integer' },
    key: ['id'],
  },
  project({ aggregateId: id, version, ...event }) {
    switch (event.type) {
      case 'ValueCreated':
      case 'ValueUpdated':
        return [{ key: { id }, update: () => ({ id, value: event.data.result, version }) }];
      default:
        return unreachable(event);
    }
  },
};

export class GetValue extends Query<ValueRow> {
  constructor(readonly id: string) {
    super();
  }
}

@QueryHandler(GetValue)
export class GetValueHandler implements IQueryHandler<GetValue> {
  constructor(private readonly models: ReadModels) {}

  async execute({ id }: GetValue): Promise<ValueRow> {
    const row = await this.models.from(valueView).selectAll('row').where('row.id', '=', id).executeTakeFirst();
    if (row === undefined) throw new Rejected('VALUE_NOT_FOUND');
    return row;
  }
}
