import { MalformedEvent, type EventContract, type EventMessage, type RecordedEvent } from '../../kernel/event-contract';
import type { CommandMessage, CommandMetadata } from '../../kernel/command';
import type { LogRecord, NewRecord } from './log.port';

/**
 * How commands and events stand in the log: the value is the JSON of the data alone, all else is in headers; events use
 * the CloudEvents 1.0 binary binding for Kafka.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export const topicsOf = (module: string): { commands: string; events: string; state: string } => ({
  commands: `${module}.commands`,
  events: `${module}.events`,
  state: `${module}.state`,
});

/** The topic that answers commands, keyed by correlation id. */
export const REPLIES_TOPIC = 'replies';

const JSON_CONTENT = 'application/json';

/** Headers that only some commands have. */
const OPTIONAL_COMMAND_HEADERS = {
  causationId: 'causation-id',
  fingerprint: 'fingerprint',
  traceparent: 'traceparent',
} as const;

/** Where an answer goes and which key the client gave; neither is part of the decision. */
export interface CommandRoute {
  /** Instance that waits for the reply; absent: nobody does. */
  readonly replyTo?: string;
  readonly idempotencyKey?: string;
}

export function encodeCommand(
  topic: string,
  partition: number,
  command: CommandMessage,
  route: CommandRoute,
): NewRecord {
  const { metadata } = command;
  const headers: Record<string, string> = {
    'domain-model': command.type,
    'command-id': metadata.commandId,
    identity: metadata.identity,
    'correlation-id': metadata.correlationId,
    'content-type': JSON_CONTENT,
  };
  if (route.replyTo !== undefined) headers['reply-to'] = route.replyTo;
  if (route.idempotencyKey !== undefined) headers['idempotency-key'] = route.idempotencyKey;
  for (const [field, header] of Object.entries(OPTIONAL_COMMAND_HEADERS)) {
    const value = metadata[field as keyof typeof OPTIONAL_COMMAND_HEADERS];
    if (value !== undefined) headers[header] = value;
  }
  if (metadata.expectedVersion !== undefined) headers['expected-version'] = String(metadata.expectedVersion);
  return {
    topic,
    partition,
    key: command.aggregateId,
    value: JSON.stringify(command.data),
    headers,
    timestamp: metadata.receivedAt,
  };
}

/**
 * The metadata of a stored command; the record's timestamp is when it was received.
 * @throws MalformedEvent it is no command
 */
export function decodeCommandMetadata(record: LogRecord): CommandMetadata {
  const { headers } = record;
  const expectedVersion = readExpectedVersion(record);
  return {
    commandId: required(record, 'command-id'),
    identity: required(record, 'identity'),
    correlationId: required(record, 'correlation-id'),
    receivedAt: record.timestamp,
    ...(headers['causation-id'] === undefined ? {} : { causationId: headers['causation-id'] }),
    ...(headers['fingerprint'] === undefined ? {} : { fingerprint: headers['fingerprint'] }),
    ...(headers['traceparent'] === undefined ? {} : { traceparent: headers['traceparent'] }),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  };
}

/** What is no version would never hold, and so refuse the command for a reason that is not its own. */
function readExpectedVersion(record: LogRecord): CommandMetadata['expectedVersion'] {
  const expected = record.headers['expected-version'];
  if (expected === undefined || expected === '*') return expected;
  const version = Number(expected);
  if (expected.trim() === '' || Number.isNaN(version)) {
    throw malformed(record, 'header expected-version is neither a number nor *');
  }
  return version;
}

/** Place of an event among its aggregate's and its partition's events. */
export interface EventPlace {
  readonly topic: string;
  readonly partition: number;
  readonly source: string;
  readonly schemaVersion: number;
  readonly version: number;
  readonly sequence: number;
  /** Number of the event among those of its command, from 0. */
  readonly index: number;
}

export function encodeEvent(
  event: EventMessage,
  aggregateId: string,
  metadata: CommandMetadata,
  place: EventPlace,
): NewRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: `${metadata.commandId}:${place.index}`,
    ce_type: event.type,
    ce_source: place.source,
    ce_time: new Date(metadata.receivedAt).toISOString(),
    ce_subject: aggregateId,
    'content-type': JSON_CONTENT,
    'schema-version': String(place.schemaVersion),
    version: String(place.version),
    sequence: String(place.sequence),
    'correlation-id': metadata.correlationId,
    'causation-id': metadata.commandId,
    identity: metadata.identity,
  };
  if (metadata.traceparent !== undefined) headers['traceparent'] = metadata.traceparent;
  return {
    topic: place.topic,
    partition: place.partition,
    key: aggregateId,
    value: JSON.stringify(event.data),
    headers,
    timestamp: metadata.receivedAt,
  };
}

/**
 * Reads an event at the boundary: schema of its version, upcasters, headers.
 *
 * @throws NewerSchema a newer process wrote it
 * @throws MalformedEvent it can never be read
 */
export function decodeEvent(contract: EventContract, record: LogRecord): RecordedEvent {
  const type = required(record, 'ce_type');
  const { data } = contract.decode(type, count(record, 'schema-version'), parseJson(record));
  const at = Date.parse(required(record, 'ce_time'));
  if (Number.isNaN(at)) throw malformed(record, 'ce_time is no time');
  return {
    type,
    data,
    id: required(record, 'ce_id'),
    aggregateId: required(record, 'ce_subject'),
    version: count(record, 'version'),
    sequence: count(record, 'sequence'),
    at,
    identity: required(record, 'identity'),
    correlationId: required(record, 'correlation-id'),
    causationId: required(record, 'causation-id'),
    partition: record.partition,
  };
}

/** A message that other systems may read, and where it goes. */
export interface PublicRecord {
  readonly topic: string;
  readonly key: string;
  /** `ce_type`. */
  readonly type: string;
  /** JSON; `null` is a tombstone. */
  readonly value: string | null;
  /** `ce_id`. */
  readonly id: string;
  /** `ce_source`. */
  readonly source: string;
  readonly traceparent?: string;
}

/** A public message that an event has led to: it has the event's time, and names the event as its cause. */
export function encodePublicMessage(event: RecordedEvent, message: PublicRecord): NewRecord {
  const { topic, key, value } = message;
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: message.id,
    ce_type: message.type,
    ce_source: message.source,
    ce_time: new Date(event.at).toISOString(),
    ce_subject: key,
    'content-type': JSON_CONTENT,
    'correlation-id': event.correlationId,
    'causation-id': event.id,
  };
  if (message.traceparent !== undefined) headers['traceparent'] = message.traceparent;
  return { topic, key, value, headers, timestamp: event.at };
}

/** @throws MalformedEvent when the value is no JSON */
export function parseJson(record: LogRecord): unknown {
  try {
    return JSON.parse(record.value ?? '') as unknown;
  } catch {
    throw malformed(record, 'the value is no JSON');
  }
}

function required(record: LogRecord, header: string): string {
  const value = record.headers[header];
  if (value === undefined) throw malformed(record, `header ${header} is missing`);
  return value;
}

function count(record: LogRecord, header: string): number {
  const value = Number(required(record, header));
  if (!Number.isSafeInteger(value) || value < 1) throw malformed(record, `header ${header} is no positive integer`);
  return value;
}

function malformed(record: LogRecord, reason: string): MalformedEvent {
  return new MalformedEvent(`${record.topic}/${record.partition}@${record.offset}: ${reason}`);
}
