import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { assertKnown, KeyEncryptionKeyWrong, type WrappedKey } from './keys-store.port';

/** Length of a key-encryption key. */
export const KEK_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key-encryption key and the id by which what it has wrapped names it: a hash of it, which tells nothing of a random key. */
export interface KeyEncryptionKey {
  readonly id: string;
  readonly key: Buffer;
}

export function keyEncryptionKey(key: Buffer): KeyEncryptionKey {
  return { id: createHash('sha256').update('key-encryption-key').update(key).digest('hex').slice(0, 16), key };
}

/** The key-encryption keys of a process: the first one wraps, all of them unwrap. */
export class KeyEncryptionKeys {
  private readonly byId: ReadonlyMap<string, KeyEncryptionKey>;
  readonly primary: KeyEncryptionKey;

  constructor(keys: readonly Buffer[]) {
    const [primary, ...others] = keys.map(keyEncryptionKey);
    if (primary === undefined) throw new KeyEncryptionKeyWrong('there is no key-encryption key');
    this.primary = primary;
    this.byId = new Map([primary, ...others].map((kek) => [kek.id, kek]));
  }

  get ids(): string[] {
    return [...this.byId.keys()];
  }

  /** AES-256-GCM with a random nonce, bound to the person. */
  wrap(person: string, key: Buffer): WrappedKey {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.primary.key, nonce);
    cipher.setAAD(Buffer.from(person));
    const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
    return { person, kek: this.primary.id, wrapped: Buffer.concat([nonce, cipher.getAuthTag(), sealed]) };
  }

  /** @throws KeyEncryptionKeyWrong the key that has wrapped it is not here, or it was tampered with */
  unwrap({ person, kek, wrapped }: WrappedKey): Buffer {
    assertKnown([kek], this.ids);
    const key = this.byId.get(kek)?.key ?? Buffer.alloc(0);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(person));
      decipher.setAuthTag(wrapped.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    } catch (error) {
      throw new KeyEncryptionKeyWrong(`the key of ${person} is not as it was wrapped`, { cause: error });
    }
  }
}
