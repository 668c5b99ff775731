import { Logger, type Provider } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import type { DataDirectory } from '../sqlite/data-directory';
import type { Log } from './log.port';
import { holdDataDirectory, openLog } from './open-log';

/** Injection token of the {@link Log}. */
export const LOG = Symbol('LOG');

/** Injection token of the {@link DataDirectory} that this process holds. */
export const DATA_DIRECTORY = Symbol('DATA_DIRECTORY');

/** The log that the settings ask for, opened while the application is built. */
export const logProviders: Provider[] = [
  {
    provide: DATA_DIRECTORY,
    inject: [SETTINGS],
    useFactory: ({ dataDir }: Settings): DataDirectory => holdDataDirectory(dataDir),
  },
  {
    provide: LOG,
    inject: [SETTINGS, DATA_DIRECTORY],
    useFactory: (settings: Settings, directory: DataDirectory): Promise<Log> => {
      const logger = new Logger('Kafka');
      return openLog(settings, directory.path, {
        info: (message) => logger.log(message),
        warn: (message) => logger.warn(message),
        error: (message) => logger.error(message),
      });
    },
  },
];
