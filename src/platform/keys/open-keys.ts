import { SettingsError, type Settings } from '../config/settings';
import { KeyEncryptionKeyFile } from './key-encryption-key.file';
import { KeyEncryptionKeys } from './key-encryption-keys';
import { assertKnown, KeysLost, type KeysGlance, type KeysStore, type SecretRow } from './keys-store.port';
import { PersonalData } from './personal-data';
import { newSecrets, secretsOf, type Secrets } from './secrets';

/** What the keys are opened for. */
export interface KeysPurpose {
  readonly logId: string;
  /** Some module of the process seals or opens personal data. */
  readonly holdsPersonalData: boolean;
  /** Whether the log holds what only keys of persons can open. */
  readonly isLogSealed: () => Promise<boolean>;
}

/** The secrets of the deployment and, where the process has to do with them, the keys of persons. */
export interface Keys {
  readonly secrets: Secrets;
  readonly personal: PersonalData | undefined;
  readonly close: () => Promise<void>;
}

type KeysSettings = Pick<Settings, 'databaseUrl' | 'dataKeyEncryptionKeys' | 'production'>;

/**
 * Opens the keys, in PostgreSQL or in the data directory. Before anything is written it makes sure that they are those of the log, and that
 * the process can read them.
 *
 * @param directory held by this process
 * @throws KeysForeign
 * @throws KeysLost
 * @throws KeyEncryptionKeyWrong
 * @throws SettingsError in production without a key-encryption key
 */
export async function openKeys(settings: KeysSettings, directory: string, purpose: KeysPurpose): Promise<Keys> {
  const { databaseUrl } = settings;
  const { logId, holdsPersonalData } = purpose;
  const place = databaseUrl === undefined ? 'keys.db' : 'the schema keys';
  const glance = await glanceAt(databaseUrl, directory);
  const keks = holdsPersonalData ? await readyKeks(settings, directory, place, glance, purpose) : undefined;
  const store = await openStore(databaseUrl, directory, newSecrets(glance.logId ?? logId));
  try {
    const secrets = secretsOf(store.secrets, logId, place);
    if (keks !== undefined) await store.register(keks.primary.id, keks.ids);
    const personal = keks === undefined ? undefined : new PersonalData(store, keks, secrets.index);
    return { secrets, personal, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function readyKeks(
  settings: KeysSettings,
  directory: string,
  place: string,
  { hasKeys, keks }: KeysGlance,
  { isLogSealed }: KeysPurpose,
): Promise<KeyEncryptionKeys> {
  if (!hasKeys && (await isLogSealed())) {
    throw new KeysLost(`the log holds sealed personal data, and ${place} holds no key of anybody: restore the keys`);
  }
  const own = keyEncryptionKeys(settings, directory, keks.length === 0);
  assertKnown(keks, own.ids);
  return own;
}

/**
 * The key-encryption keys of the settings, or those that were made in the data directory.
 *
 * @param mayMake nothing is wrapped yet
 * @throws KeyEncryptionKeyWrong
 * @throws SettingsError
 */
export function keyEncryptionKeys(settings: KeysSettings, directory: string, mayMake: boolean): KeyEncryptionKeys {
  const { dataKeyEncryptionKeys: given, production } = settings;
  if (given !== undefined) return new KeyEncryptionKeys(given.map((key) => Buffer.from(key, 'base64')));
  if (production) {
    throw new SettingsError([
      'DATA_KEY_ENCRYPTION_KEY is required with NODE_ENV=production: modules hold personal data',
    ]);
  }
  const file = new KeyEncryptionKeyFile(directory);
  return new KeyEncryptionKeys(mayMake && !file.isThere ? file.prepend() : file.read());
}

/** Opens the keys of persons as they are, to read; for who stands beside the processes. @throws KeyEncryptionKeyWrong */
export async function openPersonalData(settings: KeysSettings, directory: string): Promise<PersonalData | undefined> {
  const { databaseUrl } = settings;
  const { keks, logId } = await glanceAt(databaseUrl, directory);
  if (keks.length === 0 || logId === undefined) return undefined;
  const own = keyEncryptionKeys(settings, directory, false);
  assertKnown(keks, own.ids);
  const store = await openStore(databaseUrl, directory, []);
  return new PersonalData(store, own, secretsOf(store.secrets, logId, 'the keys store').index);
}

function glanceAt(databaseUrl: string | undefined, directory: string): Promise<KeysGlance> {
  return databaseUrl === undefined
    ? import('./sqlite-keys.ts').then(({ glanceAtSqliteKeys }) => glanceAtSqliteKeys(directory))
    : import('./postgres-keys.ts').then(({ glanceAtPostgresKeys }) => glanceAtPostgresKeys(databaseUrl));
}

// What only one of the modes needs is loaded only there: it costs memory and time to start.
async function openStore(
  databaseUrl: string | undefined,
  directory: string,
  secrets: readonly SecretRow[],
): Promise<KeysStore> {
  if (databaseUrl === undefined) return (await import('./sqlite-keys.ts')).SqliteKeys.open(directory, secrets);
  return (await import('./postgres-keys.ts')).PostgresKeys.open(databaseUrl, secrets);
}
