import { Logger, type Provider } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import type { Feature } from '../feature';
import { DATA_DIRECTORY, LOG } from '../log/log.providers';
import type { Log } from '../log/log.port';
import type { DataDirectory } from '../sqlite/data-directory';
import { isLogSealed } from './is-log-sealed';
import { openKeys, type Keys } from './open-keys';
import { PersonalData } from './personal-data';

/** Injection token of the {@link Keys}. */
export const KEYS = Symbol('KEYS');

/** The keys of a process with these features, opened while the application is built; those of persons where a module needs them. */
export function keysProviders(features: readonly Feature[]): Provider[] {
  const personal = features.filter(({ holdsPersonalData }) => holdsPersonalData === true);
  const holdsPersonalData = personal.length > 0;
  const keys: Provider = {
    provide: KEYS,
    inject: [SETTINGS, DATA_DIRECTORY, LOG],
    useFactory: async (settings: Settings, directory: DataDirectory, log: Log): Promise<Keys> => {
      const isSealed = (): Promise<boolean> => isLogSealed(log, personal);
      const opened = await openKeys(settings, directory.path, {
        logId: log.id,
        holdsPersonalData,
        isLogSealed: isSealed,
      });
      if (holdsPersonalData && settings.kafka !== undefined && settings.dataKeyEncryptionKeys === undefined) {
        const why = 'DATA_KEY_ENCRYPTION_KEY is not set: customers can be read only with the key that is kept in';
        new Logger('Keys').warn(`${why} ${directory.path}`);
      }
      return opened;
    },
  };
  const ofPersons: Provider = {
    provide: PersonalData,
    inject: [KEYS],
    useFactory: (opened: Keys): PersonalData | undefined => opened.personal,
  };
  return holdsPersonalData ? [keys, ofPersons] : [keys];
}
