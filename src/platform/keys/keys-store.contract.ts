import { randomBytes } from 'node:crypto';
import { KeyEncryptionKeys, KEK_BYTES } from './key-encryption-keys';
import { KeyEncryptionKeyWrong, type KeysGlance, type KeysStore, type WrappedKey } from './keys-store.port';
import { PersonalData } from './personal-data';
import { PersonCipher } from './person-cipher';
import { newSecrets } from './secrets';

/** A place where keys are kept, new for every test. */
export interface KeysSite {
  /** Opens the store, as one more process. */
  readonly open: () => Promise<KeysStore>;
  readonly glance: () => Promise<KeysGlance>;
  readonly remove: () => Promise<void>;
}

export const SECRETS = newSecrets('log-1');

/** What every store of keys keeps to. */
export function keysStoreContract(name: string, makeSite: () => Promise<KeysSite>): void {
  describe(`Keys in ${name}`, () => {
    let site: KeysSite;
    let store: KeysStore;
    const others: KeysStore[] = [];
    const [first, second] = [randomBytes(KEK_BYTES), randomBytes(KEK_BYTES)];
    const [one, both] = [new KeyEncryptionKeys([first]), new KeyEncryptionKeys([second, first])];

    beforeEach(async () => {
      site = await makeSite();
      store = await site.open();
    });

    afterEach(async () => {
      for (const open of [store, ...others.splice(0)]) await open.close();
      await site.remove();
    });

    const personal = (keys = one, on = store): PersonalData => new PersonalData(on, keys, randomBytes(32));
    async function another(): Promise<KeysStore> {
      const opened = await site.open();
      others.push(opened);
      return opened;
    }
    async function cipherOf(data: PersonalData, person: string): Promise<PersonCipher> {
      const key = await data.forWriting(person);
      if (!(key instanceof PersonCipher)) throw new Error(`${person} is ${key}`);
      return key;
    }

    it('keeps the secrets that were there first', async () => {
      const { secrets } = await another();

      expect(secrets.map(({ name: secret }) => secret).sort()).toEqual(['fingerprint', 'index', 'log-id']);
      expect(secrets).toEqual(store.secrets);
      expect(await site.glance()).toEqual({ logId: 'log-1', hasKeys: false, keks: [] });
    });

    it('makes one key for a person, whoever asks at once, and keeps it', async () => {
      const elsewhere = personal(one, await another());
      const here = personal();
      const asked = Array.from({ length: 20 }, (_, at) => cipherOf(at % 2 === 0 ? here : elsewhere, `p${at % 3}`));
      const sealed = new Set(
        (await Promise.all(asked)).map((cipher) => `${cipher.person} ${cipher.seal('a', 'text')}`),
      );

      expect(sealed.size).toBe(3);
      expect(await site.glance()).toMatchObject({ hasKeys: true, keks: [one.primary.id] });
    });

    it('destroys a key for good, for every process at once (G11)', async () => {
      const elsewhere = personal(one, await another());
      await cipherOf(elsewhere, 'ann');
      await cipherOf(personal(), 'bob');
      await personal().erase(['ann', 'never-seen']);
      await personal().erase(['ann']);

      expect(await elsewhere.of('ann')).toBe('erased');
      expect(await elsewhere.forWriting('ann')).toBe('erased');
      expect(await elsewhere.forWriting('never-seen')).toBe('erased');
      expect(await elsewhere.of('bob')).toBeInstanceOf(PersonCipher);
      expect(await elsewhere.of('carl')).toBe('unknown');
    });

    it('wraps every key anew, and opens what was sealed before', async () => {
      const sealed = await Promise.all(
        Array.from({ length: 1_200 }, async (_, at) => (await cipherOf(personal(), `p${at}`)).seal('name', `N${at}`)),
      );
      await personal().erase(['p7']);
      const { rewrapped, kek } = await personal(both).rotate();

      expect({ rewrapped, kek }).toEqual({ rewrapped: 1_199, kek: both.primary.id });
      expect((await site.glance()).keks).toEqual([both.primary.id]);
      const after = personal(new KeyEncryptionKeys([second]));
      const opened = await Promise.all(
        sealed.map(async (text, at) => {
          const key = await after.of(`p${at}`);
          return key instanceof PersonCipher ? key.open('name', text) : key;
        }),
      );
      expect(opened).toEqual(sealed.map((_, at) => (at === 7 ? 'erased' : `N${at}`)));
      expect(await personal(both).rotate()).toMatchObject({ rewrapped: 0 });
    });

    it.each([0, 1, 2, 3, 4])('goes on with a rotation that ended after %i steps', async (steps) => {
      await Promise.all(Array.from({ length: 1_100 }, (_, at) => cipherOf(personal(), `p${at}`)));
      await expect(personal(both, dying(store, steps)).rotate()).rejects.toThrow('killed');
      // Whoever starts now has both, and reads and makes keys as ever.
      assertOpens(await cipherOf(personal(both), 'p1'));
      assertOpens(await cipherOf(personal(both), 'fresh'));
      await personal(both).rotate();

      expect((await site.glance()).keks).toEqual([both.primary.id]);
      assertOpens(await cipherOf(personal(new KeyEncryptionKeys([second])), 'p1099'));
    });

    it('takes no process that does not hold a key in use', async () => {
      await store.register(one.primary.id, one.ids);
      const foreign = new KeyEncryptionKeys([randomBytes(KEK_BYTES)]);
      const refused = (await another()).register(foreign.primary.id, foreign.ids);

      await expect(refused).rejects.toBeInstanceOf(KeyEncryptionKeyWrong);
      expect((await site.glance()).keks).toEqual([one.primary.id]);
    });

    it('lets nothing be unwrapped that was moved to another person', async () => {
      await cipherOf(personal(), 'ann');
      const { person, ...key } = (await store.find(['ann'])).get('ann') as WrappedKey;
      await store.add([{ ...key, person: `${person}-2` }]);

      await expect(personal().of('ann-2')).rejects.toBeInstanceOf(KeyEncryptionKeyWrong);
    });
  });
}

function assertOpens(cipher: PersonCipher): void {
  expect(cipher.open('a', cipher.seal('a', 'text'))).toBe('text');
}

/** The store of a process that is killed before the next write, after so many. */
export function dying(store: KeysStore, writes: number): KeysStore {
  let left = writes;
  const step = async <T>(write: () => Promise<T>): Promise<T> => {
    if (left-- === 0) throw new Error('killed');
    return write();
  };
  return {
    secrets: store.secrets,
    find: (persons) => store.find(persons),
    add: (keys) => store.add(keys),
    destroy: (persons, at) => store.destroy(persons, at),
    wrappedByOthers: (kek, after, limit) => store.wrappedByOthers(kek, after, limit),
    rewrap: (changes) => step(() => store.rewrap(changes)),
    register: (kek, known) => step(() => store.register(kek, known)),
    retireAllBut: (kek) => step(() => store.retireAllBut(kek)),
    close: () => store.close(),
  };
}
