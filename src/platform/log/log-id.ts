import type { LogRecord } from './log.port';

/** The id in a record of the topic `log`; `undefined` when there is none. */
export function logIdIn(record: LogRecord | undefined): string | undefined {
  const told: unknown = JSON.parse(record?.value ?? 'null');
  if (typeof told !== 'object' || told === null || !('id' in told)) return undefined;
  return typeof told.id === 'string' ? told.id : undefined;
}
