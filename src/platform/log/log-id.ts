import { LogSetupError, type LogRecord } from './log.port';

/**
 * The id in a record of the topic `log`.
 *
 * @param place how an operator knows the record
 * @throws LogSetupError LOG_DAMAGED when there is none in it
 */
export function logIdIn(record: LogRecord | undefined, place: string): string {
  const told: unknown = JSON.parse(record?.value ?? 'null');
  if (typeof told === 'object' && told !== null && 'id' in told && typeof told.id === 'string') return told.id;
  throw new LogSetupError('LOG_DAMAGED', `${place} is no log id`);
}
