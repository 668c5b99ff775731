import type { RowShape, TableDefinition } from '../../kernel/view';
import { REPLIES_TOPIC } from '../log/envelope';
import type { LogRecord } from '../log/log.port';
import type { ProjectedRecord, Projection } from '../views/projection';
import { decodeReply, type Decision, type EventPosition } from './decision';

/** What is known of a command. A reply may be read before its command: then `command` is still empty. */
export type OutcomeRow = {
  readonly command_id: string;
  readonly identity: string;
  readonly command: string;
  /** Absent while pending. */
  readonly outcome: {
    readonly decision: Decision;
    readonly position: EventPosition;
    readonly correlationId: string;
  } | null;
  readonly received_at: number;
  /** Milliseconds since the epoch; 0 while pending. */
  readonly decided_at: number;
};

const KEPT_MS = 24 * 60 * 60 * 1_000;

export const OUTCOMES_VIEW = 'platform.command-outcomes';

export const outcomesTable: TableDefinition<OutcomeRow> = {
  name: 'command_outcomes',
  columns: {
    command_id: 'text',
    identity: 'text',
    command: 'text',
    outcome: 'json',
    received_at: 'integer',
    decided_at: 'integer',
  },
  key: ['command_id'],
  indexes: [['received_at']],
};

/** The view behind `GET /commands/{id}`, fed by every command and every reply. */
export function outcomesProjection(commandTopics: readonly string[]): Projection {
  const table: unknown = outcomesTable;
  return {
    name: OUTCOMES_VIEW,
    topics: [...commandTopics, REPLIES_TOPIC],
    table: table as TableDefinition<RowShape>,
    retention: { column: 'received_at', ms: KEPT_MS },
    read: (record) => (record.topic === REPLIES_TOPIC ? decided(record) : received(record)),
  };
}

function received(record: LogRecord): ProjectedRecord | undefined {
  const { 'command-id': commandId, identity, 'domain-model': command = '' } = record.headers;
  // No command at all: the processor parks it, and nobody can ask for it.
  if (commandId === undefined || identity === undefined) return undefined;
  return change(commandId, (row) => {
    // A later attempt with the same key changes nothing of what is known.
    if (row !== undefined && row.command !== '') return row;
    return { ...(row ?? pending(commandId)), identity, command, received_at: record.timestamp };
  });
}

function decided(record: LogRecord): ProjectedRecord | undefined {
  const { commandId, correlationId, decision, position, kind } = decodeReply(record);
  if (kind !== 'first') return undefined;
  const outcome = { decision, position, correlationId };
  return change(commandId, (row) => ({
    ...(row ?? { ...pending(commandId), received_at: record.timestamp }),
    outcome,
    decided_at: record.timestamp,
  }));
}

function pending(commandId: string): OutcomeRow {
  return { command_id: commandId, identity: '', command: '', outcome: null, received_at: 0, decided_at: 0 };
}

function change(commandId: string, update: (row: OutcomeRow | undefined) => OutcomeRow): ProjectedRecord {
  const erased = (row: RowShape | undefined): RowShape => update(row as OutcomeRow | undefined);
  return { changes: [{ key: { command_id: commandId }, update: erased }] };
}
