import { topicsOf } from '../log/envelope';
import type { LogRecord, NewRecord } from '../log/log.port';

/** A command that cannot be decided, for the dead letters: as it came, with cause and origin (G9). */
export function parkedCommand(module: string, record: LogRecord, cause: unknown): NewRecord {
  return {
    topic: topicsOf(module).deadLetters,
    partition: record.partition,
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      'dead-letter-id': `${module}.processor:${record.topic}:${record.partition}:${record.offset}`,
      'dead-letter-cause': (cause instanceof Error ? cause.message : String(cause)).slice(0, 1_000),
    },
  };
}
