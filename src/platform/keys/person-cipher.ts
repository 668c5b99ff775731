import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { isSealed } from '../../kernel/personal-data';

/** AES-256-SIV takes two keys of 32 bytes; the last 32 are for hashes. */
const CIPHER_BYTES = 64;
const HASH_BYTES = 32;
/** Length of a person's key. */
export const PERSON_KEY_BYTES = CIPHER_BYTES + HASH_BYTES;
const TAG_BYTES = 16;
const PREFIX = 'siv1.';

/** A sealed text is not what was sealed there, for that person, with that key. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/**
 * Seals and opens what is known of one person, leaf by leaf: AES-256-SIV, deterministic and authenticated, bound to the person and to the
 * place of the leaf.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5297
 */
export class PersonCipher {
  /** @param key of {@link PERSON_KEY_BYTES} */
  constructor(
    readonly person: string,
    private readonly key: Buffer,
  ) {
    if (key.length !== PERSON_KEY_BYTES) throw new Error(`the key of a person has ${PERSON_KEY_BYTES} bytes`);
  }

  /** @param path of the leaf, as `contact.email` */
  seal(path: string, text: string): string {
    const cipher = createCipheriv('aes-256-siv', this.key.subarray(0, CIPHER_BYTES), null);
    cipher.setAAD(Buffer.from(this.person));
    cipher.setAAD(Buffer.from(path));
    const sealed = cipher.update(text, 'utf8');
    cipher.final();
    return PREFIX + Buffer.concat([cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws SealBroken */
  open(path: string, sealed: string): string {
    const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
    if (!isSealed(sealed) || bytes.length < TAG_BYTES) throw new SealBroken(`${path} is not sealed`);
    try {
      const decipher = createDecipheriv('aes-256-siv', this.key.subarray(0, CIPHER_BYTES), null);
      decipher.setAAD(Buffer.from(this.person));
      decipher.setAAD(Buffer.from(path));
      decipher.setAuthTag(bytes.subarray(0, TAG_BYTES));
      const text = decipher.update(bytes.subarray(TAG_BYTES));
      decipher.final();
      return text.toString('utf8');
    } catch (error) {
      throw new SealBroken(`${path} of ${this.person} cannot be opened`, { cause: error });
    }
  }

  /**
   * Seals every text of a document.
   * @param isClear whether the member of that name stays as it is
   */
  sealLeaves<T>(document: T, isClear: (member: string) => boolean): T {
    return mapTexts(document, '', (path, text, member) => (isClear(member) ? text : this.seal(path, text))) as T;
  }

  /** Opens every sealed text of a document. @throws SealBroken */
  openLeaves<T>(document: T): T {
    return mapTexts(document, '', (path, text) => (isSealed(text) ? this.open(path, text) : text)) as T;
  }

  /** A hash by which this person's own value is recognised, and nobody else's. */
  hash(value: string): string {
    return createHmac('sha256', this.key.subarray(CIPHER_BYTES)).update(value).digest('base64url');
  }
}

/** The same document with other texts; paths as in `addresses[0].city`. */
function mapTexts(
  value: unknown,
  path: string,
  change: (path: string, text: string, member: string) => string,
  member = '',
): unknown {
  if (typeof value === 'string') return change(path, value, member);
  if (Array.isArray(value)) return value.map((item, at) => mapTexts(item, `${path}[${at}]`, change, member));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      mapTexts(inner, path === '' ? name : `${path}.${name}`, change, name),
    ]),
  );
}
