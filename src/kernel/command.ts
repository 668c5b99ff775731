import type { z } from 'zod';

/** What rides with a command through the log, so that deciding needs no clock, no randomness and no look-up. */
export interface CommandMetadata {
  /** UUIDv5 of idempotency scope and key, or random. Names the decision for good. */
  readonly commandId: string;
  /** Who sent it: a token's `sub`, `anonymous` or `system:<module>`. */
  readonly identity: string;
  /** UUID of this very attempt; the reply is found by it. */
  readonly correlationId: string;
  /** Id of the event that a process reacted to. */
  readonly causationId?: string;
  /** Milliseconds since the epoch, UTC, taken once at the edge. */
  readonly receivedAt: number;
  /** Present when the client sent an `Idempotency-Key`: HMAC of path and canonical body, hex. */
  readonly fingerprint?: string;
  /** Decide only at this version of the aggregate; `'*'`: only if it exists. */
  readonly expectedVersion?: number | '*';
  /** W3C trace context. */
  readonly traceparent?: string;
  /** What the sender wishes of the answer; shapes it, never the decision, and is not stored with it. */
  readonly sender?: SenderWishes;
}

/** How a sender wants to be answered. */
export interface SenderWishes {
  /** How long to wait for the decision; 0: not at all. */
  readonly waitMs: number;
  readonly idempotencyKey?: string;
  /** Path and canonical body, of which the gateway makes the fingerprint. */
  readonly content?: string;
}

/** A command as deciders see it: what is asked of which aggregate. */
export interface CommandMessage<Type extends string = string, Data = unknown> {
  readonly type: Type;
  /** Key of the record in `<module>.commands`; all commands of one aggregate are decided in order. */
  readonly aggregateId: string;
  readonly data: Data;
  readonly metadata: CommandMetadata;
}

/** A class made by {@link command}: `new X(aggregateId, data, metadata)` for `CommandBus.execute`. */
export interface CommandType<Type extends string = string, Schema extends z.ZodType = z.ZodType> {
  new (aggregateId: string, data: z.output<Schema>, metadata: CommandMetadata): CommandMessage<Type, z.output<Schema>>;
  /** The name under which it is stored (`domain-model` header). Never rename a published one. */
  readonly type: Type;
  /** Shape of `data` in `<module>.commands`; decoded with it at the boundary. */
  readonly schema: Schema;
}

/**
 * Declares a command as a plain class:
 * `class PayCommand extends command('PayCommand', z.strictObject({ … })) {}`
 *
 * @param type stored name of the command
 * @param schema shape of its data as stored
 */
export function command<const Type extends string, Schema extends z.ZodType>(
  type: Type,
  schema: Schema,
): CommandType<Type, Schema> {
  return class implements CommandMessage<Type, z.output<Schema>> {
    static readonly type = type;
    static readonly schema = schema;
    readonly type = type;

    constructor(
      readonly aggregateId: string,
      readonly data: z.output<Schema>,
      readonly metadata: CommandMetadata,
    ) {}
  };
}

/** Any class made by {@link command}. */
export interface AnyCommandType {
  new (aggregateId: string, data: never, metadata: CommandMetadata): CommandMessage;
  readonly type: string;
  readonly schema: z.ZodType;
}

/** The union of the messages of several command classes: `CommandOf<typeof valueCommands>`. */
export type CommandOf<Types extends readonly AnyCommandType[]> = InstanceType<Types[number]>;
