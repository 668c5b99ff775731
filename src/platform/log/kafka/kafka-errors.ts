import { createErrorFromCode } from 'kafkajs/src/protocol/error';
import { asError } from '../../as-error';

/** kafkajs 2.2.4 has no name for it. */
const PRODUCER_FENCED_CODE = 90;

/** Kafka's name of a broker's refusal (`NOT_LEADER_FOR_PARTITION`), found through kafkajs' wrapping; undefined for a lost connection. */
export function refusalOf(error: unknown): string | undefined {
  for (const cause of causes(error)) {
    if (cause.message.endsWith(`error code ${PRODUCER_FENCED_CODE}`)) return 'PRODUCER_FENCED';
    if ('type' in cause && typeof cause.type === 'string') return cause.type;
  }
  return undefined;
}

/** Name of a broker's error code as kafkajs spells it; undefined for success. */
export function refusalOfCode(code: number): string | undefined {
  if (code === 0) return undefined;
  return code === PRODUCER_FENCED_CODE ? 'PRODUCER_FENCED' : createErrorFromCode(code).type;
}

/** The last one: this listener of the broker knows no SASL at all. */
const CREDENTIAL_REFUSALS: readonly string[] = [
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
];

/** The broker does not accept who we say we are: asking again does not help. */
export function isWrongCredentials(error: unknown): boolean {
  return causes(error).some(
    (cause) =>
      cause.name === 'KafkaJSSASLAuthenticationError' ||
      ('type' in cause && CREDENTIAL_REFUSALS.includes(String(cause.type))),
  );
}

/** The principal may not do this: only an administrator can help. */
export function isMissingRight(refusal: string | undefined): boolean {
  return refusal !== undefined && (refusal.endsWith('_AUTHORIZATION_FAILED') || refusal === 'POLICY_VIOLATION');
}

/** Another producer has taken over the transactional id. */
export function isFenced(refusal: string | undefined): boolean {
  return refusal === 'PRODUCER_FENCED' || refusal === 'INVALID_PRODUCER_EPOCH';
}

/** The coordinator moves, loads or is about to be made; it comes by itself. */
export function isCoordinatorAway(refusal: string | undefined): boolean {
  return (
    refusal === 'GROUP_COORDINATOR_NOT_AVAILABLE' ||
    refusal === 'NOT_COORDINATOR_FOR_GROUP' ||
    refusal === 'GROUP_LOAD_IN_PROGRESS'
  );
}

/** Message for one line of a log. */
export function messageOf(error: unknown): string {
  return asError(error).message;
}

function causes(error: unknown): Error[] {
  const found: Error[] = [];
  let at: unknown = error;
  while (at instanceof Error && found.length < 8) {
    found.push(at);
    at = at.cause;
  }
  return found;
}
