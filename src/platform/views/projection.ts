import type { EventContract, EventMessage, RecordedEvent } from '../../kernel/event-contract';
import type { RowChange, RowShape, TableDefinition, View } from '../../kernel/view';
import type { LogRecord } from '../log/log.port';

/** What one record means to a view. */
export interface ProjectedRecord {
  readonly changes: readonly RowChange<RowShape>[];
  /** Gapless number within the partition, from 1; absent for topics that have none, and then offsets alone count. */
  readonly sequence?: number;
}

/** A view as the projector runs it: topics in, rows of one table out. */
export interface Projection {
  /** Also the consumer group and the name of the checkpoints. */
  readonly name: string;
  /** What its dead letters are called after; default its name. */
  readonly consumer?: string;
  readonly topics: readonly string[];
  readonly table: TableDefinition<RowShape>;
  readonly stream?: 'log' | 'table';
  /** Rows whose `column` (milliseconds since the epoch) is older than `ms` go away; for views that are not streamed. */
  readonly retention?: { readonly column: string; readonly ms: number };
  /**
   * Reads a record and says which rows change; `undefined` when the view does not care. Pure.
   * @throws NewerSchema the partition waits for the upgrade; any other error stops the view at this partition
   */
  readonly read: (record: LogRecord) => ProjectedRecord | undefined;
}

type Decode = (contract: EventContract, record: LogRecord) => RecordedEvent;

/**
 * Decodes each record once, however many views read it. What was decoded lies in the record itself: a WeakMap costs a fifth of a rebuild.
 * @param decode see `decodeEvent` in `platform/log/envelope.ts`
 */
export function decodeOnce(decode: Decode): Decode {
  return (contract, record) => {
    const { decoded } = record;
    if (decoded?.contract === contract) return decoded.event;
    const event = decode(contract, record);
    record.decoded = { contract, event };
    return event;
  };
}

/**
 * Adapts a module's view. Its own types are erased here: safe, because it is handed only what its contracts have decoded and
 * rows that it made itself.
 */
export function projectionOf<Row extends RowShape, Event extends EventMessage>(
  view: View<Row, Event>,
  decode: Decode,
): Projection {
  const contracts = new Map(view.sources.map((source) => [`${source.module}.events`, source]));
  const project: unknown = view.project;
  const erased = project as View['project'];
  const table: unknown = view.table;
  return {
    name: view.name,
    topics: [...contracts.keys()],
    table: table as TableDefinition<RowShape>,
    ...(view.stream === undefined ? {} : { stream: view.stream }),
    read(record) {
      const contract = contracts.get(record.topic);
      if (contract === undefined) return undefined;
      const event = decode(contract, record);
      return { sequence: event.sequence, changes: erased(event) };
    },
  };
}
