import { randomBytes } from 'node:crypto';
import { KeysForeign, type SecretRow } from './keys-store.port';

/** What the keys store keeps for the whole deployment. */
export interface Secrets {
  /** Key of the HMAC over path and body by which a reused idempotency key is told; 32 bytes. */
  readonly fingerprint: Buffer;
  /** Key of the hashes by which rows with personal data are found; 32 bytes. */
  readonly index: Buffer;
}

/** Length of every secret. */
const SECRET_BYTES = 32;
const LOG_ID = 'log-id';

/** What a new store begins with. */
export function newSecrets(logId: string): SecretRow[] {
  const made = ['fingerprint', 'index'].map((name) => ({ name, value: randomBytes(SECRET_BYTES) }));
  return [{ name: LOG_ID, value: Buffer.from(logId) }, ...made];
}

/** The log that a store belongs to. */
export function logIdOf(rows: readonly SecretRow[]): string | undefined {
  return rows.find(({ name }) => name === LOG_ID)?.value.toString();
}

/**
 * Reads the rows of a keys store.
 *
 * @param place how an operator knows the store
 * @throws KeysForeign when they were made for another log
 */
export function secretsOf(rows: readonly SecretRow[], logId: string, place: string): Secrets {
  const owner = logIdOf(rows);
  if (owner !== logId) throw new KeysForeign(`${place} belongs to the log ${owner}, this is the log ${logId}`);
  const secret = (wanted: string): Buffer => {
    const found = rows.find(({ name }) => name === wanted)?.value;
    if (found === undefined) throw new Error(`${place} holds no secret ${wanted}`);
    return found;
  };
  return { fingerprint: secret('fingerprint'), index: secret('index') };
}
