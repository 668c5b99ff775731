import type { CommandMetadata } from '../../kernel/command';
import type { Aggregate } from '../../kernel/decider';
import { Rejected } from '../../kernel/rejection';
import { decodeCommandMetadata, encodeEvent, parseJson, topicsOf } from '../log/envelope';
import type { LogRecord, NewRecord } from '../log/log.port';
import type { Decision, Reply } from './decision';
import { InvariantBroken } from './invariant-broken';
import { parkedCommand } from './parked-command';
import {
  isOutlived,
  stateEntry,
  stateKey,
  type AggregateState,
  type ProcessorPosition,
  type StateEntry,
  type StoredDecision,
} from './stored-state';

/** What a module's commands are decided with. */
export interface DecidingContext {
  readonly module: string;
  /** Command type → aggregate. */
  readonly aggregates: ReadonlyMap<string, Aggregate>;
}

/** The state that a batch may need. */
export interface LoadedState {
  aggregate(id: string): AggregateState | undefined;
  decision(commandId: string): StoredDecision | undefined;
}

/** What deciding a batch brings about; all of it is written in one transaction, or none. */
export interface BatchResult {
  readonly events: NewRecord[];
  readonly deadLetters: NewRecord[];
  readonly entries: StateEntry[];
  readonly replies: { readonly reply: Reply; readonly replyTo: string }[];
  /** Last sequence given. */
  readonly sequence: number;
  /** Log time after the batch. */
  readonly time: number;
}

/**
 * Decides commands in log order, as a pure function of the records and the loaded state: the same on every machine and day (G10).
 * Later commands of a batch see what earlier ones changed.
 */
export class BatchDecider {
  private readonly states = new Map<string, AggregateState>();
  private readonly decisions = new Map<string, StoredDecision>();
  private readonly events: NewRecord[] = [];
  private readonly deadLetters: NewRecord[] = [];
  private readonly replies: BatchResult['replies'] = [];
  private sequence: number;
  private time: number;

  private constructor(
    private readonly context: DecidingContext,
    private readonly loaded: LoadedState,
    from: Pick<ProcessorPosition, 'sequence' | 'time'>,
  ) {
    this.sequence = from.sequence;
    this.time = from.time;
  }

  static decide(
    context: DecidingContext,
    loaded: LoadedState,
    from: Pick<ProcessorPosition, 'sequence' | 'time'>,
    records: readonly LogRecord[],
  ): BatchResult {
    const batch = new BatchDecider(context, loaded, from);
    for (const record of records) batch.take(record);
    return batch.result();
  }

  private result(): BatchResult {
    const entries: StateEntry[] = [];
    for (const [id, state] of this.states) entries.push(stateEntry(stateKey.aggregate(id), state));
    for (const [id, decision] of this.decisions) entries.push(stateEntry(stateKey.decision(id), decision));
    const { events, deadLetters, replies, sequence, time } = this;
    return { events, deadLetters, entries, replies, sequence, time };
  }

  private take(record: LogRecord): void {
    let metadata: CommandMetadata;
    try {
      metadata = decodeCommandMetadata(record);
    } catch (error) {
      this.deadLetters.push(parkedCommand(this.context.module, record, error));
      return;
    }
    // What is no command has no say in the time.
    this.time = Math.max(this.time, metadata.receivedAt);
    const seen = this.seen(metadata);
    if (seen !== undefined) {
      this.answerSeen(record, metadata, seen);
    } else {
      this.decideNew(record, metadata);
    }
  }

  /** A command without a key stands in the log once and cannot come again. */
  private seen({ commandId, fingerprint }: CommandMetadata): StoredDecision | undefined {
    if (fingerprint === undefined) return undefined;
    const stored = this.decisions.get(commandId) ?? this.loaded.decision(commandId);
    // Whether its tombstone has been written yet must not matter (G10).
    return stored !== undefined && isOutlived(stored, this.time) ? undefined : stored;
  }

  private answerSeen(record: LogRecord, metadata: CommandMetadata, seen: StoredDecision): void {
    if (seen.fingerprint === metadata.fingerprint) {
      this.reply(record, metadata, 'replay', seen.decision, seen.sequence);
      return;
    }
    const details = { commandId: metadata.commandId };
    const version = 'version' in seen.decision ? seen.decision.version : 0;
    const decision: Decision = { status: 'rejected', code: 'IDEMPOTENCY_KEY_REUSED', details, version };
    this.reply(record, metadata, 'refused', decision, seen.sequence);
  }

  private decideNew(record: LogRecord, metadata: CommandMetadata): void {
    const id = record.key ?? '';
    const before = this.states.get(id) ?? this.loaded.aggregate(id);
    if (before !== undefined && before.sequence > this.sequence) {
      throw new InvariantBroken(
        `${this.context.module}/${record.partition}: ${id} has sequence ${before.sequence}, its partition only ${this.sequence}`,
      );
    }
    let decision: Decision;
    try {
      decision = this.decideOne(record, metadata, id, before);
    } catch (error) {
      this.deadLetters.push(parkedCommand(this.context.module, record, error));
      this.reply(record, metadata, 'first', { status: 'parked' }, before?.sequence ?? 0);
      return;
    }
    const sequence = this.states.get(id)?.sequence ?? before?.sequence ?? 0;
    this.remember(metadata, decision, sequence);
    this.reply(record, metadata, 'first', decision, sequence);
  }

  private remember({ commandId, fingerprint }: CommandMetadata, decision: Decision, sequence: number): void {
    // A later attempt may well be at the right version.
    const mayChange = decision.status === 'rejected' && decision.code === 'VERSION_MISMATCH';
    if (fingerprint === undefined || mayChange) return;
    this.decisions.set(commandId, { decision, sequence, fingerprint, at: this.time });
  }

  /** @throws anything but Rejected when the command cannot be decided at all: it is then parked, alone */
  private decideOne(
    record: LogRecord,
    metadata: CommandMetadata,
    id: string,
    before: AggregateState | undefined,
  ): Decision {
    const type = record.headers['domain-model'] ?? '';
    const aggregate = this.context.aggregates.get(type);
    const schema = aggregate?.commands.find((known) => known.type === type)?.schema;
    if (aggregate === undefined || schema === undefined) throw new Error(`no aggregate takes the command ${type}`);
    if (before !== undefined && before.aggregate !== aggregate.name) {
      throw new Error(`${id} is a ${before.aggregate}, ${type} is for a ${aggregate.name}`);
    }
    const version = before?.version ?? 0;
    const { expectedVersion } = metadata;
    const expectationHolds =
      expectedVersion === undefined || (expectedVersion === '*' ? version > 0 : expectedVersion === version);
    if (!expectationHolds) {
      return { status: 'rejected', code: 'VERSION_MISMATCH', details: { version }, version };
    }
    const command = { type, aggregateId: id, data: schema.parse(parseJson(record)), metadata };
    const { decider } = aggregate;
    let state = before === undefined ? decider.initialState : before.state;
    try {
      const events = decider.decide(command, state);
      const written: NewRecord[] = [];
      for (const [index, event] of events.entries()) {
        const schemaVersion = aggregate.events.version(event.type);
        // An event that its own schema refuses could never be read again: the command parks instead.
        aggregate.events.decode(event.type, schemaVersion, event.data);
        state = decider.evolve(state, event);
        const place = {
          topic: topicsOf(this.context.module).events,
          partition: record.partition,
          source: `/${this.context.module}/${aggregate.name}`,
          schemaVersion,
          version: version + index + 1,
          sequence: this.sequence + index + 1,
          index,
        };
        written.push(encodeEvent(event, id, metadata, place));
      }
      const reply = aggregate.reply(state, command, events);
      if (written.length > 0) {
        this.events.push(...written);
        this.sequence += written.length;
        this.states.set(id, {
          aggregate: aggregate.name,
          stateVersion: aggregate.stateVersion,
          version: version + written.length,
          sequence: this.sequence,
          state,
        });
      }
      return { status: 'accepted', version: version + written.length, reply };
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      return { status: 'rejected', code: error.code, details: error.details, version };
    }
  }

  private reply(
    record: LogRecord,
    metadata: CommandMetadata,
    kind: Reply['kind'],
    decision: Decision,
    sequence: number,
  ): void {
    const { commandId, correlationId } = metadata;
    const position = { module: this.context.module, partition: record.partition, sequence };
    this.replies.push({
      reply: { commandId, correlationId, position, decision, kind },
      replyTo: record.headers['reply-to'] ?? '',
    });
  }
}
