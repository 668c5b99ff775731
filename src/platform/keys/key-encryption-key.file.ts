import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { flushToDisk } from '../sqlite/copy-database';
import { KEK_BYTES } from './key-encryption-keys';
import { KeyEncryptionKeyWrong } from './keys-store.port';

/** Name of the file in `DATA_DIR` with the key-encryption keys of who has set none; the first line wraps. */
export const KEY_ENCRYPTION_KEY_FILE = 'data-key-encryption.key';

/** Key-encryption keys that are kept beside what they protect: for development, and for who backs up the whole directory. */
export class KeyEncryptionKeyFile {
  private readonly path: string;

  constructor(private readonly directory: string) {
    this.path = join(directory, KEY_ENCRYPTION_KEY_FILE);
  }

  get isThere(): boolean {
    return existsSync(this.path);
  }

  /** @throws KeyEncryptionKeyWrong it is not there, or holds no such keys */
  read(): Buffer[] {
    if (!this.isThere) {
      throw new KeyEncryptionKeyWrong(
        `keys of persons are wrapped, and neither is DATA_KEY_ENCRYPTION_KEY set nor is ${this.path} there`,
      );
    }
    const lines = readFileSync(this.path, 'utf8').split('\n');
    const keys = lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'base64'));
    if (keys.length > 0 && keys.every(({ length }) => length === KEK_BYTES)) return keys;
    throw new KeyEncryptionKeyWrong(`${this.path} does not hold keys of ${KEK_BYTES} bytes in base64`);
  }

  /** Puts a new key before those that are there. */
  prepend(): Buffer[] {
    const keys = [randomBytes(KEK_BYTES), ...(this.isThere ? this.read() : [])];
    this.write(keys);
    return keys;
  }

  /** It gets its name when it is whole and safe: a crash leaves the old keys or the new ones. Only its owner may read it. */
  write(keys: readonly Buffer[]): void {
    const draft = `${this.path}.${randomUUID()}`;
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, keys.map((key) => `${key.toString('base64')}\n`).join(''));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, this.path);
    flushToDisk(this.directory);
  }
}
