import { join } from 'node:path';
import type { KafkaSettings, Settings } from '../config/settings';
import { DataDirectoryInUse, openDataDirectory, type DataDirectory } from '../sqlite/data-directory';
import { EmbeddedLog } from './embedded/embedded-log';
import type { KafkaLogger, KafkaLogOptions } from './kafka/kafka-settings';
import { LogSetupError, type Log } from './log.port';

/**
 * Holds the data directory for this process.
 * @throws LogSetupError LOG_IN_USE
 * @throws DataDirectoryUnusable
 */
export function holdDataDirectory(path: string): DataDirectory {
  try {
    return openDataDirectory(path);
  } catch (error) {
    if (error instanceof DataDirectoryInUse) throw new LogSetupError('LOG_IN_USE', error.message);
    throw error;
  }
}

/**
 * Opens the log that the settings ask for.
 *
 * @param directory held by this process, see {@link holdDataDirectory}
 * @throws LogSetupError
 */
export async function openLog(settings: Settings, directory: string, logger: KafkaLogger): Promise<Log> {
  const { partitions, partitionsExplicit, kafka } = settings;
  if (kafka === undefined) return EmbeddedLog.open({ directory, partitions, partitionsExplicit });
  const membersFile = join(directory, 'kafka-members.json');
  return openKafka({ ...kafkaOptions(settings, kafka, logger), membersFile });
}

/**
 * Opens the log on Kafka to look at it: joins no group and makes nothing.
 * @throws LogSetupError LOG_MISSING when there is none
 */
export function openKafkaToRead(settings: Settings, kafka: KafkaSettings, logger: KafkaLogger): Promise<Log> {
  return openKafka({ ...kafkaOptions(settings, kafka, logger), logId: 'require' });
}

/** Opens a Kafka that holds no log yet, to fill it with one that has its id already. @throws LogSetupError */
export function openKafkaToFill(settings: Settings, kafka: KafkaSettings, logger: KafkaLogger): Promise<Log> {
  return openKafka({ ...kafkaOptions(settings, kafka, logger), logId: 'ignore' });
}

function kafkaOptions(settings: Settings, kafka: KafkaSettings, logger: KafkaLogger): KafkaLogOptions {
  return {
    brokers: kafka.brokers,
    clientId: 'kafka-cqrs-platform',
    topicPrefix: kafka.topicPrefix,
    ssl: kafka.ssl ? (kafka.sslCa === undefined ? {} : { ca: kafka.sslCa }) : null,
    sasl: kafka.sasl ?? null,
    replicationFactor: kafka.replicationFactor ?? null,
    partitions: settings.partitions,
    partitionsExplicit: settings.partitionsExplicit,
    sessionTimeoutMs: kafka.sessionTimeoutMs,
    logger,
  };
}

async function openKafka(options: KafkaLogOptions): Promise<Log> {
  // Loaded only where it is used: it costs memory and time to start.
  const { KafkaLog } = await import('./kafka/kafka-log.ts');
  return KafkaLog.open(options);
}
