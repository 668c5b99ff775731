import type { Erasure } from '../../kernel/erasure';
import type { EventContract, RecordedEvent } from '../../kernel/event-contract';
import { topicsOf } from '../log/envelope';
import type { LogRecord } from '../log/log.port';
import type { Reaction } from './reaction';

type Decode = (contract: EventContract, record: LogRecord) => RecordedEvent;

/** An erasure as a consumer of its source: it writes nothing but its position. */
export function erasureReaction({ name, source, personOf }: Erasure, decode: Decode): Reaction {
  return {
    name,
    kind: 'erasures',
    topics: [topicsOf(source.module).events],
    react: () => [],
    erases: (record) => personOf(decode(source, record)),
  };
}
