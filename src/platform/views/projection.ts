import type { EventContract, EventMessage, RecordedEvent } from '../../kernel/event-contract';
import type { PersonalIndex } from '../../kernel/personal-data';
import type { RowChange, RowShape, Subscription, TableDefinition, View } from '../../kernel/view';
import { parseJson } from '../log/envelope';
import type { LogRecord, TopicSpec } from '../log/log.port';

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
  readonly read: (record: LogRecord, index?: PersonalIndex) => ProjectedRecord | undefined;
  /** Public topics among {@link topics}: who follows one makes it, though who writes it may never run. */
  readonly follows?: readonly TopicSpec[];
  /** {@link read} wants an index over the persons that the records' keys name. */
  readonly isPersonal?: true;
}

/** Reads the keys that a view needs to index records. @throws ViewsUnavailable */
export type IndexFor = (persons: Iterable<string>) => Promise<PersonalIndex>;

/** The index over some records; `undefined` for a view that needs none. @throws ViewsUnavailable */
export async function indexOf(
  { name, isPersonal }: Projection,
  records: readonly LogRecord[],
  indexFor: IndexFor | undefined,
): Promise<PersonalIndex | undefined> {
  if (isPersonal !== true || records.length === 0) return undefined;
  if (indexFor === undefined) throw new Error(`${name} needs the keys of persons, and there are none here`);
  return indexFor(records.flatMap(({ key }) => key ?? []));
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
  const followed = new Map((view.follows ?? []).map((item) => [item.topic.topic, item]));
  const project: unknown = view.project;
  const erased = project as View['project'];
  const table: unknown = view.table;
  return {
    name: view.name,
    topics: [...contracts.keys(), ...followed.keys()],
    follows: [...followed.values()].map(({ topic: { topic, policy } }) => ({ name: topic, policy })),
    table: table as TableDefinition<RowShape>,
    ...(view.stream === undefined ? {} : { stream: view.stream }),
    ...(view.isPersonal === undefined ? {} : { isPersonal: view.isPersonal }),
    read(record, index = unreadable) {
      const topic = followed.get(record.topic);
      if (topic !== undefined) return { changes: messageChanges(topic, record) };
      const contract = contracts.get(record.topic);
      if (contract === undefined) return undefined;
      const event = decode(contract, record);
      return { sequence: event.sequence, changes: erased(event, index) };
    },
  };
}

const unreadable: PersonalIndex = () => null;

function messageChanges<Row extends RowShape>(
  { topic: { schema }, project }: Subscription<Row>,
  record: LogRecord,
): readonly RowChange<RowShape>[] {
  const data = record.value === null ? null : schema.parse(parseJson(record));
  const changes: unknown = project({ key: record.key ?? '', data });
  return changes as RowChange<RowShape>[];
}
