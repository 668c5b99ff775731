import type { LogRecord, NewRecord } from '../log/log.port';
import { REPLIES_TOPIC } from '../log/envelope';

/** What became of a command. */
export type Decision =
  | { readonly status: 'accepted'; readonly version: number; readonly reply: unknown }
  | {
      readonly status: 'rejected';
      readonly code: string;
      readonly details: Readonly<Record<string, unknown>>;
      /** Version of the aggregate it was decided at; 0 when there is none. */
      readonly version: number;
    }
  | { readonly status: 'parked' };

/** Place of an aggregate's last event: what a read has to have seen (G8). */
export interface EventPosition {
  readonly module: string;
  readonly partition: number;
  /** 0 when the aggregate has no event. */
  readonly sequence: number;
}

/** The answer to one attempt, found by its correlation id. */
export interface Reply {
  readonly commandId: string;
  readonly correlationId: string;
  readonly position: EventPosition;
  readonly decision: Decision;
  /** `first`: decided now; `replay`: the stored decision of this command id; `refused`: it does not touch what the command id stands for. */
  readonly kind: 'first' | 'replay' | 'refused';
}

/** A reply for the topic `replies`, in the partition of its command, so that answers to one command id stay in order. */
export function encodeReply(reply: Reply, replyTo: string, repliesPartitions: number): NewRecord {
  return {
    topic: REPLIES_TOPIC,
    partition: reply.position.partition % repliesPartitions,
    key: reply.correlationId,
    value: JSON.stringify({ position: reply.position, decision: reply.decision, kind: reply.kind }),
    headers: {
      'reply-to': replyTo,
      'command-id': reply.commandId,
      'content-type': 'application/json',
    },
  };
}

/** Replies are written by this platform alone; the headers tell whose they are before anything is parsed. */
export function decodeReply(record: LogRecord): Reply {
  const stored = JSON.parse(record.value ?? 'null') as Pick<Reply, 'position' | 'decision' | 'kind'>;
  return { commandId: record.headers['command-id'] ?? '', correlationId: record.key ?? '', ...stored };
}
