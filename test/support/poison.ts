import { randomUUID } from 'node:crypto';
import { topicsOf } from '../../src/platform/log/envelope';
import type { NewRecord } from '../../src/platform/log/log.port';

const { commands, events } = topicsOf('calculator');
const partitions = 4;
/** With its key as much as Kafka takes by default; with cause and origin it would be more. */
const largestText = 'x'.repeat(1_048_400);
const megabyteOfText = JSON.stringify('x'.repeat(1_000_000));

interface Kind {
  readonly name: string;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Records in every partition of the calculator's commands that no processor can decide: so many of each kind. */
export function poisonedCommands(ofEach: number): NewRecord[] {
  return spread(commands, ofEach, () => {
    const headers = {
      'domain-model': 'CreateValueCommand',
      'command-id': randomUUID(),
      identity: 'anonymous',
      'correlation-id': randomUUID(),
      'reply-to': 'nobody',
    };
    return [
      ...values.map((kind) => ({ ...kind, headers })),
      { name: 'no headers', value: '{"value":1}', headers: {} },
      { name: 'largest', value: largestText, headers: {} },
      { name: 'unknown type', value: '{"value":1}', headers: { ...headers, 'domain-model': 'DivideValueCommand' } },
      { name: 'wrong version', value: '{"value":1}', headers: { ...headers, 'expected-version': 'the last one' } },
    ];
  });
}

/** Records in every partition of the calculator's events that no view can read: so many of each kind. No processor has numbered them. */
export function poisonedEvents(ofEach: number): NewRecord[] {
  return spread(events, ofEach, () => {
    const headers = {
      ce_specversion: '1.0',
      ce_id: randomUUID(),
      ce_type: 'ValueCreated',
      ce_source: '/calculator/value',
      ce_time: new Date().toISOString(),
      ce_subject: randomUUID(),
      'schema-version': '1',
      version: '1',
      'correlation-id': randomUUID(),
      'causation-id': randomUUID(),
      identity: 'anonymous',
    };
    return [
      ...values.map((kind) => ({ ...kind, headers })),
      { name: 'no headers', value: '{"value":1}', headers: {} },
      { name: 'largest', value: largestText, headers: {} },
      { name: 'unknown type', value: '{"value":1}', headers: { ...headers, ce_type: 'ValueDivided' } },
      { name: 'no number', value: '{"value":1}', headers },
    ];
  });
}

const values: readonly Omit<Kind, 'headers'>[] = [
  { name: 'bad JSON', value: '{"value":' },
  { name: 'null', value: null },
  { name: 'null in JSON', value: 'null' },
  { name: 'deep', value: '['.repeat(50_000) + ']'.repeat(50_000) },
  { name: 'large', value: megabyteOfText },
];

function spread(topic: string, ofEach: number, kinds: () => Kind[]): NewRecord[] {
  return Array.from({ length: ofEach * partitions }, (_, index) => index % partitions).flatMap((partition) =>
    kinds().map(({ name, value, headers }) => ({
      topic,
      partition,
      // No uuid, and a key of its own: what is parked holds back no other.
      key: `${name} ${randomUUID()}`,
      value,
      headers,
    })),
  );
}
