import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_ENCRYPTION_KEY_FILE, KeyEncryptionKeyFile } from './key-encryption-key.file';
import { KeyEncryptionKeys } from './key-encryption-keys';
import { KeyRotation } from './key-rotation';
import { dying, SECRETS } from './keys-store.contract';
import type { KeysStore } from './keys-store.port';
import { PersonalData } from './personal-data';
import { PersonCipher } from './person-cipher';
import { SqliteKeys } from './sqlite-keys';

describe('A rotation of the key in the data directory', () => {
  let directory: string;
  let store: KeysStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rotation-'));
    store = await SqliteKeys.open(directory, SECRETS);
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const lines = (): string[] => readFileSync(join(directory, KEY_ENCRYPTION_KEY_FILE), 'utf8').trim().split('\n');
  /** A process that has just started: its keys are those of the file. */
  const started = (on: KeysStore = store): PersonalData => {
    const file = new KeyEncryptionKeyFile(directory);
    return new PersonalData(on, new KeyEncryptionKeys(file.isThere ? file.read() : file.prepend()), Buffer.alloc(32));
  };
  const rotation = (on: KeysStore): KeyRotation => new KeyRotation({}, directory, started(on));

  it.each([0, 1, 2, 3, 4])('is gone on with after it was killed before its write number %i', async (writes) => {
    const persons = Array.from({ length: 1_100 }, (_, at) => `p${at}`);
    const before = started();
    const sealed = await Promise.all(
      persons.map(async (person) => cipher(await before.forWriting(person)).seal('a', person)),
    );
    const [old] = lines();
    await expect(rotation(dying(store, writes)).rotate()).rejects.toThrow('killed');
    const made = lines();
    expect(made).toEqual([expect.any(String), old]);

    const after = started();
    await expect(opened(after, persons, sealed)).resolves.toEqual(persons);
    await rotation(store).rotate();
    // It goes on with the key that it had made.
    expect(lines()).toEqual(made.slice(0, 1));
    await expect(opened(started(), persons, sealed)).resolves.toEqual(persons);
  });

  it('is one, however often it is asked for at once', async () => {
    cipher(await started().forWriting('ann'));
    const asked = rotation(store);
    const [one, other] = await Promise.all([asked.rotate(), asked.rotate()]);
    expect(one).toBe(other);
    expect(lines()).toHaveLength(1);
  });
});

function cipher(key: unknown): PersonCipher {
  if (!(key instanceof PersonCipher)) throw new Error(String(key));
  return key;
}

function opened(data: PersonalData, persons: readonly string[], sealed: readonly string[]): Promise<string[]> {
  return Promise.all(persons.map(async (person, at) => cipher(await data.of(person)).open('a', sealed[at] ?? '')));
}
