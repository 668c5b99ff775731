import { join } from 'node:path';
import { Logger, type Provider } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import type { KafkaSettings, Settings } from '../config/settings';
import { DataDirectoryInUse, openDataDirectory, type DataDirectory } from '../sqlite/data-directory';
import { EmbeddedLog } from './embedded/embedded-log';
import { LogSetupError, type Log } from './log.port';

/** Injection token of the {@link Log}. */
export const LOG = Symbol('LOG');

/** Injection token of the {@link DataDirectory} that this process holds. */
export const DATA_DIRECTORY = Symbol('DATA_DIRECTORY');

/** The log that the settings ask for, opened while the application is built. */
export const logProviders: Provider[] = [
  {
    provide: DATA_DIRECTORY,
    inject: [SETTINGS],
    useFactory: ({ dataDir }: Settings): DataDirectory => {
      try {
        return openDataDirectory(dataDir);
      } catch (error) {
        if (error instanceof DataDirectoryInUse) throw new LogSetupError('LOG_IN_USE', error.message);
        throw error;
      }
    },
  },
  {
    provide: LOG,
    inject: [SETTINGS, DATA_DIRECTORY],
    useFactory: async (settings: Settings, directory: DataDirectory): Promise<Log> => {
      const { partitions, partitionsExplicit, kafka } = settings;
      if (kafka === undefined) return EmbeddedLog.open({ directory: directory.path, partitions, partitionsExplicit });
      return openKafka(kafka, directory.path, partitions, partitionsExplicit);
    },
  },
];

async function openKafka(
  kafka: KafkaSettings,
  directory: string,
  partitions: number,
  partitionsExplicit: boolean,
): Promise<Log> {
  // Loaded only where it is used: it costs memory and time to start.
  const { KafkaLog } = await import('./kafka/kafka-log.js');
  const logger = new Logger('Kafka');
  return KafkaLog.open({
    brokers: kafka.brokers,
    clientId: 'kafka-cqrs-platform',
    topicPrefix: kafka.topicPrefix,
    ssl: kafka.ssl ? (kafka.sslCa === undefined ? {} : { ca: kafka.sslCa }) : null,
    sasl: kafka.sasl ?? null,
    replicationFactor: kafka.replicationFactor ?? null,
    partitions,
    partitionsExplicit,
    sessionTimeoutMs: kafka.sessionTimeoutMs,
    membersFile: join(directory, 'kafka-members.json'),
    logger: {
      info: (message) => logger.log(message),
      warn: (message) => logger.warn(message),
      error: (message) => logger.error(message),
    },
  });
}
