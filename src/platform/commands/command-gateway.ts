import { createHmac } from 'node:crypto';
import type { CommandMessage } from '../../kernel/command';
import type { Aggregate } from '../../kernel/decider';
import { encodeCommand, topicsOf, type CommandRoute } from '../log/envelope';
import { OutcomeUnknown, type Log } from '../log/log.port';
import { partitionOf } from '../log/murmur2';
import type { CommandTelemetry } from '../telemetry/command-telemetry';
import type { Decision, EventPosition } from './decision';
import type { PendingReplies } from './pending-replies';

/** What a sender gets to know of its command. */
export type CommandOutcome = { readonly commandId: string; readonly correlationId: string } & (
  | { readonly status: 'pending' }
  | {
      readonly status: 'decided';
      readonly decision: Decision;
      readonly position: EventPosition;
      /** The decision was made for an earlier attempt with the same key. */
      readonly replayed: boolean;
    }
);

/** So long a sender with a key who asks to be answered at once waits, to be told that the key stands for something else. */
const REUSE_MS_MAX = 1_000;

/** The append may or may not have happened; carries where to ask. */
export class CommandOutcomeUnknown extends Error {
  override readonly name = 'CommandOutcomeUnknown';

  constructor(
    readonly commandId: string,
    options: ErrorOptions,
  ) {
    super(`the fate of command ${commandId} is unknown`, options);
  }
}

/**
 * The way of every command into the log: one durable append, then the wait for its reply.
 */
export class CommandGateway {
  constructor(
    private readonly log: Log,
    private readonly replies: PendingReplies,
    /** Name under which this process is answered. */
    private readonly instance: string,
    private readonly fingerprintSecret: Buffer,
    private readonly telemetry?: Pick<CommandTelemetry, 'appended' | 'appendFailed'>,
  ) {}

  /**
   * @throws LogUnavailable nothing was sent
   * @throws DiskFull nothing was sent
   * @throws CommandOutcomeUnknown it may have been sent
   */
  async send(aggregate: Aggregate, command: CommandMessage): Promise<CommandOutcome> {
    const { commandId, correlationId, sender } = command.metadata;
    const wantsDecision = (sender?.waitMs ?? 0) > 0;
    const waitMs = wantsDecision ? (sender?.waitMs ?? 0) : sender?.idempotencyKey === undefined ? 0 : REUSE_MS_MAX;
    const topic = topicsOf(aggregate.module).commands;
    const partition = partitionOf(command.aggregateId, this.log.partitions(topic));
    const record = encodeCommand(topic, partition, this.fingerprinted(command), this.route(command));
    const reply = waitMs > 0 ? this.replies.expect(correlationId, waitMs) : undefined;
    const started = performance.now();
    try {
      await this.log.append([record]);
      this.telemetry?.appended(record, started);
    } catch (error) {
      this.telemetry?.appendFailed(record, started, error);
      this.replies.forget(correlationId);
      if (error instanceof OutcomeUnknown) throw new CommandOutcomeUnknown(commandId, { cause: error });
      throw error;
    }
    const answered = await reply;
    // The page of the outcome tells what the key stands for: who is refused has to be told here.
    const isForSender = wantsDecision || answered?.kind === 'refused';
    if (answered === undefined || !isForSender) return { status: 'pending', commandId, correlationId };
    const { decision, position, kind } = answered;
    return { status: 'decided', commandId, correlationId, decision, position, replayed: kind === 'replay' };
  }

  private route(command: CommandMessage): CommandRoute {
    const key = command.metadata.sender?.idempotencyKey;
    return { replyTo: this.instance, ...(key === undefined ? {} : { idempotencyKey: key }) };
  }

  private fingerprinted(command: CommandMessage): CommandMessage {
    const content = command.metadata.sender?.content;
    if (content === undefined) return command;
    const fingerprint = createHmac('sha256', this.fingerprintSecret).update(content).digest('hex');
    return { ...command, metadata: { ...command.metadata, fingerprint } };
  }
}
