/** One stored secret of the whole deployment. */
export interface SecretRow {
  readonly name: string;
  readonly value: Buffer;
}

/** The key of a person, wrapped by a key-encryption key. */
export interface WrappedKey {
  readonly person: string;
  /** Id of the key-encryption key. */
  readonly kek: string;
  readonly wrapped: Buffer;
}

/** What is known of a person's key: wrapped, or destroyed for good. */
export type StoredKey = WrappedKey | 'erased';

/** What stands in a keys store before anything is written to it. */
export interface KeysGlance {
  /** Id of the log that it belongs to; absent: the store is new. */
  readonly logId?: string;
  /** Somebody's key was once made here. */
  readonly hasKeys: boolean;
  /** Ids of the key-encryption keys without which it cannot be read. */
  readonly keks: readonly string[];
}

/**
 * The secrets of a deployment and the keys of persons, in a store of their own: who loses it has lost what they open.
 * Every method that reaches a database throws ViewsUnavailable when it is away: it is the one of the views.
 */
export interface KeysStore {
  /** As they were when it was opened. */
  readonly secrets: readonly SecretRow[];
  /** Keys of those persons that have one. As of now: what another process has destroyed is not found. */
  find(persons: readonly string[]): Promise<Map<string, StoredKey>>;
  /** Keeps the keys of persons that have none, safe from a loss of power. @returns what others have that were there already */
  add(keys: readonly WrappedKey[]): Promise<Map<string, StoredKey>>;
  /** Destroys keys, and marks them so, for good; also of persons that never had one. A repeat changes nothing. */
  destroy(persons: readonly string[], at: number): Promise<void>;
  /** Keys that are wrapped by another key-encryption key than this one, by person, after one; empty for the first. */
  wrappedByOthers(kek: string, after: string, limit: number): Promise<WrappedKey[]>;
  /** Replaces what is still as it was. */
  rewrap(changes: readonly { readonly from: WrappedKey; readonly to: WrappedKey }[]): Promise<void>;
  /**
   * Notes that keys will be wrapped by this key-encryption key.
   * @param known those that the process holds
   * @throws KeyEncryptionKeyWrong when another one is in use; nothing is noted
   */
  register(kek: string, known: readonly string[]): Promise<void>;
  /** Forgets all other key-encryption keys. @returns false when keys are still wrapped by them: nothing is forgotten */
  retireAllBut(kek: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The keys were made for another log; one clear line for the operator, then the process ends. */
export class KeysForeign extends Error {
  override readonly name = 'KeysForeign';
  readonly code = 'KEYS_FOREIGN';
}

/** The log holds what only keys can open that are not there. */
export class KeysLost extends Error {
  override readonly name = 'KeysLost';
  readonly code = 'KEYS_LOST';
}

/** The key-encryption key is missing, unusable, or not the one that wraps the keys. */
export class KeyEncryptionKeyWrong extends Error {
  override readonly name = 'KeyEncryptionKeyWrong';
  readonly code = 'KEY_ENCRYPTION_KEY_WRONG';
}

/** @throws KeyEncryptionKeyWrong when one of the keys in use is not known */
export function assertKnown(inUse: readonly string[], known: readonly string[]): void {
  const missing = inUse.filter((id) => !known.includes(id));
  if (missing.length === 0) return;
  throw new KeyEncryptionKeyWrong(
    `keys of persons are wrapped by the key-encryption key ${missing.join(', ')}, and this process has ${known.join(', ')}: ` +
      'set DATA_KEY_ENCRYPTION_KEY to the one of all other processes; while it is changed, to both, separated by a comma',
  );
}
