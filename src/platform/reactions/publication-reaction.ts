import type { EventContract, RecordedEvent } from '../../kernel/event-contract';
import type { Publication, PublicMessage } from '../../kernel/publication';
import { encodePublicMessage, topicsOf } from '../log/envelope';
import type { LogRecord, NewRecord } from '../log/log.port';
import type { Reaction } from './reaction';

type Decode = (contract: EventContract, record: LogRecord) => RecordedEvent;

/** A publication as a consumer of its source. */
export function publicationReaction(publication: Publication, decode: Decode): Reaction {
  const topic = topicsOf(publication.source.module).events;
  return {
    name: publication.name,
    kind: 'messages',
    topics: [topic],
    react: (record) => {
      const event = decode(publication.source, record);
      return publication
        .publish(event)
        .map((message, index) => messageRecord(publication, record, event, message, index));
    },
  };
}

function messageRecord(
  { name, topic, policy, schema }: Publication,
  { headers: { traceparent } }: LogRecord,
  event: RecordedEvent,
  message: PublicMessage,
  index: number,
): NewRecord {
  if (message.data === null && policy !== 'compact') {
    throw new Error(`${name} makes a tombstone, but ${topic} keeps every message`);
  }
  const value = message.data === null ? null : JSON.stringify(message.data);
  if (value !== null) {
    // As its readers will get it.
    const parsed = schema.safeParse(JSON.parse(value ?? 'null'));
    if (!parsed.success) throw new Error(`${name} makes a malformed ${message.type}: ${parsed.error.message}`);
  }
  return encodePublicMessage(event, {
    topic,
    key: message.key,
    type: message.type,
    value,
    id: `${event.id}:${name}:${index}`,
    source: `/${name.replaceAll('.', '/')}`,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
}
