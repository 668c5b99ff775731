import { createHmac, randomBytes } from 'node:crypto';
import DataLoader from 'dataloader';
import type { PersonalIndex } from '../../kernel/personal-data';
import type { KeyEncryptionKeys } from './key-encryption-keys';
import type { KeysStore, StoredKey, WrappedKey } from './keys-store.port';
import { PERSON_KEY_BYTES, PersonCipher } from './person-cipher';

/** Cipher of a person; `erased`: the key was destroyed; `unknown`: there never was one. */
export type PersonKey = PersonCipher | 'erased' | 'unknown';

const PERSONS_PER_QUERY_MAX = 500;
const REWRAPPED_AT_ONCE = 500;

/** What a rotation has done. */
export interface Rotation {
  /** Id of the key-encryption key that wraps everything now. */
  readonly kek: string;
  readonly rewrapped: number;
}

/**
 * The keys of persons. Nothing is kept in memory: whoever asks is told what is there now, so that what is erased anywhere is unreadable
 * everywhere at once.
 */
export class PersonalData {
  private readonly finder: DataLoader<string, PersonKey>;
  private readonly maker: DataLoader<string, PersonCipher | 'erased'>;
  private making: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: KeysStore,
    private keks: KeyEncryptionKeys,
    private readonly indexSecret: Buffer,
  ) {
    const common = { cache: false, maxBatchSize: PERSONS_PER_QUERY_MAX };
    this.finder = new DataLoader((persons) => this.find(persons), { ...common, batchScheduleFn: setImmediate });
    // While one batch of new keys is made safe, the next one gathers: they share an fsync.
    const batchScheduleFn = (callback: () => void): void => void this.making.then(() => setImmediate(callback));
    this.maker = new DataLoader((persons) => this.make(persons), { ...common, batchScheduleFn });
  }

  /** Wraps and unwraps by these from now on. */
  use(keks: KeyEncryptionKeys): void {
    this.keks = keks;
  }

  /** @throws ViewsUnavailable */
  of(person: string): Promise<PersonKey> {
    return this.finder.load(person);
  }

  /**
   * To seal what is to be written: makes the key when there is none, safe from a loss of power.
   * @param isNew the person was named just now: it would be in vain to look
   * @throws ViewsUnavailable
   */
  async forWriting(person: string, isNew = false): Promise<PersonCipher | 'erased'> {
    const known = isNew ? 'unknown' : await this.of(person);
    return known === 'unknown' ? this.maker.load(person) : known;
  }

  /** Destroys the keys for good: from now on nothing of these persons can be read, and nothing be sealed. @throws ViewsUnavailable */
  async erase(persons: readonly string[]): Promise<void> {
    await this.store.destroy(persons, Date.now());
  }

  /** Hash by which rows are found that hold a text: the same for everybody, and of no use without the secret. */
  hashed(text: string): string {
    return createHmac('sha256', this.indexSecret).update(text).digest('base64url');
  }

  /** Reads the keys of those persons once, for a view to index what is sealed. @throws ViewsUnavailable */
  async indexFor(persons: Iterable<string>): Promise<PersonalIndex> {
    const keys = new Map<string, PersonKey>();
    const wanted = [...new Set(persons)];
    for (const [at, key] of (await Promise.all(wanted.map((person) => this.of(person)))).entries()) {
      keys.set(wanted[at] ?? '', key);
    }
    return (person, path, sealed) => {
      const key = keys.get(person);
      return key instanceof PersonCipher ? this.hashed(key.open(path, sealed)) : null;
    };
  }

  /**
   * Wraps every key by the first of the key-encryption keys, and forgets the others. Broken off at any point it can be begun again.
   * @throws ViewsUnavailable
   */
  async rotate(): Promise<Rotation> {
    const { store, keks } = this;
    const { id } = keks.primary;
    await store.register(id, keks.ids);
    let rewrapped = 0;
    do {
      for (let after = ''; ;) {
        const others = await store.wrappedByOthers(id, after, REWRAPPED_AT_ONCE);
        const last = others.at(-1);
        if (last === undefined) break;
        after = last.person;
        await store.rewrap(others.map((from) => ({ from, to: keks.wrap(from.person, keks.unwrap(from)) })));
        rewrapped += others.length;
      }
    } while (!(await store.retireAllBut(id)));
    return { kek: id, rewrapped };
  }

  close(): Promise<void> {
    return this.store.close();
  }

  private async find(persons: readonly string[]): Promise<PersonKey[]> {
    const found = await this.store.find([...new Set(persons)]);
    return persons.map((person) => this.opened(person, found.get(person)));
  }

  private opened(person: string, key: StoredKey | undefined): PersonKey {
    if (key === undefined) return 'unknown';
    return key === 'erased' ? key : new PersonCipher(person, this.keks.unwrap(key));
  }

  private make(persons: readonly string[]): Promise<(PersonCipher | 'erased')[]> {
    const fresh = new Map([...new Set(persons)].map((person) => [person, randomBytes(PERSON_KEY_BYTES)]));
    const wrapped = Array.from(fresh, ([person, key]): WrappedKey => this.keks.wrap(person, key));
    const made = this.store.add(wrapped).then((others) =>
      persons.map((person) => {
        const key = this.opened(person, others.get(person));
        return key === 'unknown' ? new PersonCipher(person, fresh.get(person) ?? Buffer.alloc(0)) : key;
      }),
    );
    this.making = made.catch(() => undefined);
    return made;
  }
}
