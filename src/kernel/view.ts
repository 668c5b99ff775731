import type { EventContract, EventMessage, RecordedEvent } from './event-contract';
import type { PersonalIndex } from './personal-data';
import type { PublicTopic } from './publication';

/**
 * `text`; `integer`: a safe integer; `double`: IEEE 754, kept to the last bit; `json`: any JSON value.
 * Both dialects give back what was put in.
 */
export type ColumnType = 'text' | 'integer' | 'double' | 'json';

/** What a row may hold; `undefined` never. */
export type RowShape = Readonly<Record<string, unknown>>;

/** The table behind a view, in both SQL dialects. Names are snake_case and unique over all views. */
export interface TableDefinition<Row extends RowShape> {
  readonly name: string;
  readonly columns: { readonly [Column in keyof Row & string]: ColumnType };
  /** Primary key, in order. */
  readonly key: readonly (keyof Row & string)[];
  readonly indexes?: readonly (readonly (keyof Row & string)[])[];
}

/** One step of a view: the row with these key values, before → after; `undefined` for no row. */
export interface RowChange<Row extends RowShape> {
  readonly key: Partial<Row>;
  readonly update: (row: Row | undefined) => Row | undefined;
}

/** A message of a public topic, as its readers get it. */
export interface PublishedMessage<Data = unknown> {
  readonly key: string;
  /** `null`: a tombstone. */
  readonly data: Data | null;
}

/** A public topic, mostly of another module, that feeds a view. */
export interface Subscription<Row extends RowShape, Data = unknown> {
  readonly topic: PublicTopic<Data>;
  /** The latest message of a key says all; it may come again. */
  readonly project: (message: PublishedMessage<Data>) => RowChange<Row>[];
}

/** Erases what the messages hold: safe because the platform hands over nothing that the topic's own schema has not decoded. */
export function subscription<Row extends RowShape, Data>(definition: Subscription<Row, Data>): Subscription<Row> {
  const erased: unknown = definition;
  return erased as Subscription<Row>;
}

/**
 * A read model, pure: rows are a function of the events, whatever order the partitions are read in,
 * as long as the order within a key is kept. Rows and checkpoint commit together (G6).
 */
export interface View<Row extends RowShape = RowShape, Event extends EventMessage = EventMessage> {
  /** `<module>.<name>`: consumer group, checkpoint and `VIEWS` setting. */
  readonly name: string;
  /** Modules whose events feed it. */
  readonly sources: readonly EventContract[];
  readonly table: TableDefinition<Row>;
  /**
   * `log`: a stream sends every row once, rows are only ever added; `table`: a stream may skip intermediate
   * rows of one key, never the last, and tells of deletions; absent: the view is not streamed.
   */
  readonly stream?: 'log' | 'table';
  /** Public topics that feed it beside the events. */
  readonly follows?: readonly Subscription<Row>[];
  /** It finds rows by what is sealed in them: `project` is given the index. The aggregates of its sources are persons then. */
  readonly isPersonal?: true;
  readonly project: (event: RecordedEvent<Event>, index: PersonalIndex) => RowChange<Row>[];
}
