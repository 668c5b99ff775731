import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { unreachable } from '../../../kernel/decider';
import { Rejected } from '../../../kernel/rejection';
import type { View } from '../../../kernel/view';
import { ReadModels } from '../../../platform/views/read-models';
import { valueEvents, type ValueEvent } from '../domain/value.events';

/** What a step of a value's life can be. */
export const valueSteps = ['CREATE', 'ADD', 'MULTIPLY'] as const;

/** One step of a value's life; never changed once written, so its stream sends every row once. */
export type ValueHistoryRow = {
  readonly id: string;
  readonly version: number;
  readonly operation: (typeof valueSteps)[number];
  readonly operand: number;
  readonly result: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

export const valueHistoryView: View<ValueHistoryRow, ValueEvent> = {
  name: 'calculator.value-history',
  sources: [valueEvents],
  stream: 'log',
  table: {
    name: 'calculator_value_history',
    columns: { id: 'text', version: 'integer', operation: 'text', operand: 'double', result: 'double', at: 'integer' },
    key: ['id', 'version'],
    indexes: [['id']],
  },
  project({ aggregateId: id, version, at, ...event }) {
    const step = (data: Pick<ValueHistoryRow, 'operation' | 'operand' | 'result'>) => [
      { key: { id, version }, update: () => ({ id, version, ...data, at }) },
    ];
    switch (event.type) {
      case 'ValueCreated':
        return step({ operation: 'CREATE', ...event.data });
      case 'ValueUpdated':
        return step(event.data);
      default:
        return unreachable(event);
    }
  },
};

/** A page of a value's history, oldest first. */
export class GetValueHistory extends Query<ValueHistoryRow[]> {
  /**
   * @param limit most rows in the page
   * @param after version of the last row of the page before; 0 for the first page
   */
  constructor(
    readonly id: string,
    readonly limit: number,
    readonly after: number,
  ) {
    super();
  }
}

@QueryHandler(GetValueHistory)
export class GetValueHistoryHandler implements IQueryHandler<GetValueHistory> {
  constructor(private readonly models: ReadModels) {}

  async execute({ id, limit, after }: GetValueHistory): Promise<ValueHistoryRow[]> {
    const ofValue = this.models.from(valueHistoryView).where('row.id', '=', id);
    const rows = await ofValue
      .select(['row.id', 'row.version', 'row.operation', 'row.operand', 'row.result', 'row.at'])
      .where('row.version', '>', after)
      .orderBy('row.version')
      .limit(limit)
      .execute();
    if (rows.length > 0) return rows;
    const first = await ofValue.select('row.version').limit(1).executeTakeFirst();
    if (first === undefined) throw new Rejected('VALUE_NOT_FOUND');
    return [];
  }
}
