import type { z } from 'zod';

/** An event as deciders and folds see it: what happened, in its newest shape. */
export interface EventMessage<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** An event as it stands in `<module>.events`, with all that reaction and projection may need. */
export type RecordedEvent<Event extends EventMessage = EventMessage> = Event & {
  /** `ce_id`: `<command id>:<n>`, the same on every replay. */
  readonly id: string;
  readonly aggregateId: string;
  /** Version of the aggregate after this event, from 1. */
  readonly version: number;
  /** Gapless number of the event within its module partition, from 1. */
  readonly sequence: number;
  /** Milliseconds since the epoch, UTC: when its command was received. */
  readonly at: number;
  readonly identity: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly partition: number;
};

/** An older published shape of an event and the pure step to the next version. */
export interface PreviousVersion {
  readonly schema: z.ZodType;
  readonly upcast: (data: unknown) => unknown;
}

/** One event type: its newest schema, its older ones, and a named example that specs and docs share. */
export interface EventDefinition<Schema extends z.ZodType = z.ZodType> {
  /** Newest version, from 1. */
  readonly version: number;
  readonly schema: Schema;
  readonly example: z.output<Schema>;
  /** Versions 1 … `version - 1`, each with the upcaster to its successor. */
  readonly previous: Readonly<Record<number, PreviousVersion>>;
}

/** The record is of a version that this process does not know yet; a newer process wrote it. Not poison: wait for the upgrade. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/** The record can never be read: unknown type, or data that its schema refuses. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/**
 * Declares the first version of an event.
 *
 * @param schema shape of the data as stored; never change a published one
 * @param example a valid instance, reused by specs and docs
 */
export function event<Schema extends z.ZodType>(schema: Schema, example: z.output<Schema>): EventDefinition<Schema> {
  return { version: 1, schema, example, previous: {} };
}

/**
 * Declares the next version of an event.
 *
 * @param previous definition of the version before, kept as it was published
 * @param schema shape of the new version
 * @param example a valid instance of the new version
 * @param upcast pure step from the older data to the newer
 */
export function nextVersion<Old extends z.ZodType, Schema extends z.ZodType>(
  previous: EventDefinition<Old>,
  schema: Schema,
  example: z.output<Schema>,
  upcast: (data: z.output<Old>) => z.output<Schema>,
): EventDefinition<Schema> {
  const step: PreviousVersion = {
    schema: previous.schema,
    upcast: (data) => upcast(previous.schema.parse(data)),
  };
  return {
    version: previous.version + 1,
    schema,
    example,
    previous: { ...previous.previous, [previous.version]: step },
  };
}

type Definitions = Readonly<Record<string, EventDefinition>>;

/** Every event of one module: the storage format of `<module>.events`. */
export interface EventContract<Events extends Definitions = Definitions> {
  readonly module: string;
  readonly events: Events;
  /** Newest schema version of an event type. */
  version(type: string): number;
  /**
   * Brings stored data to its newest shape: schema of its version, then every upcaster up to now.
   *
   * @throws NewerSchema when `schemaVersion` is above what this process knows
   * @throws MalformedEvent when type or data are not in the contract
   */
  decode(type: string, schemaVersion: number, data: unknown): EventMessage;
}

/** The union of a contract's events in their newest shapes: `EventOf<typeof valueEvents>`. */
export type EventOf<Contract extends EventContract> =
  Contract extends EventContract<infer Events>
    ? { [Type in keyof Events & string]: EventMessage<Type, z.output<Events[Type]['schema']>> }[keyof Events & string]
    : never;

/**
 * Binds a module's event definitions to its topic.
 *
 * @param module name of the module: the events live in `<module>.events`
 */
export function eventContract<const Events extends Definitions>(module: string, events: Events): EventContract<Events> {
  const definition = (type: string): EventDefinition => {
    const known = Object.hasOwn(events, type) ? events[type] : undefined;
    if (known === undefined) throw new MalformedEvent(`${module}: no event is called ${type}`);
    return known;
  };
  return {
    module,
    events,
    version: (type) => definition(type).version,
    decode(type, schemaVersion, data) {
      const known = definition(type);
      if (schemaVersion > known.version) {
        throw new NewerSchema(`${type} version ${schemaVersion}; this process knows ${known.version}`);
      }
      return { type, data: upcastFrom(known, type, schemaVersion, data) };
    },
  };
}

function upcastFrom(known: EventDefinition, type: string, schemaVersion: number, stored: unknown): unknown {
  const oldest = schemaVersion === known.version ? known.schema : known.previous[schemaVersion]?.schema;
  const parsed = oldest?.safeParse(stored);
  if (parsed?.success !== true) throw new MalformedEvent(`${type} version ${schemaVersion} does not match its schema`);
  let data: unknown = parsed.data;
  for (let version = schemaVersion; version < known.version; version++) {
    data = known.previous[version]?.upcast(data);
  }
  return data;
}
