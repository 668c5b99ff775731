/** What the keys store keeps for the whole deployment. */
export interface Secrets {
  /** Key of the HMAC over path and body by which a reused idempotency key is told; 32 bytes. */
  readonly fingerprint: Buffer;
}

/** The keys were made for another log; one clear line for the operator, then the process ends. */
export class KeysForeign extends Error {
  override readonly name = 'KeysForeign';
  readonly code = 'KEYS_FOREIGN';
}

/** Length of every secret. */
export const SECRET_BYTES = 32;

/** One stored secret. */
export interface SecretRow {
  readonly name: string;
  readonly value: Buffer;
}

/**
 * Reads the rows of a keys store.
 *
 * @param place how an operator knows the store
 * @throws KeysForeign when they were made for another log
 */
export function secretsOf(rows: readonly SecretRow[], logId: string, place: string): Secrets {
  const byName = new Map(rows.map(({ name, value }) => [name, value]));
  const owner = byName.get('log-id')?.toString();
  if (owner !== logId) throw new KeysForeign(`${place} belongs to the log ${owner}, this is the log ${logId}`);
  const fingerprint = byName.get('fingerprint');
  if (fingerprint === undefined) throw new Error(`${place} holds no fingerprint secret`);
  return { fingerprint };
}
