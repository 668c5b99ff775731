import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaSettings, Settings } from '../platform/config/settings';
import { EmbeddedLog } from '../platform/log/embedded/embedded-log';
import { LogSetupError } from '../platform/log/log.port';
import { holdDataDirectory, openKafkaToRead } from '../platform/log/open-log';
import { copyStores } from '../platform/operations/backup/copy-stores';
import { LocalOperator } from '../platform/operations/local-operator';
import type { Operator } from '../platform/operations/operation';
import { OperationFailed, operationFailed } from '../platform/operations/operation-failed';
import { OperatorClient } from '../platform/operations/socket/operator-client';
import { topicNames, topicSpecs } from '../platform/platform.topics';
import { allFeatures, chosenFeatures } from './features';
import { StoredOperations } from './stored-operations';
import type { Terminal } from './terminal';

/**
 * Reaches what the settings name: on Kafka the log itself, else the process that runs on the data directory, else the directory.
 * @throws OperationFailed
 */
export async function reach(settings: Settings, terminal: Terminal): Promise<Operator> {
  try {
    if (settings.kafka !== undefined) return await reachKafka(settings, settings.kafka, terminal);
    return (await OperatorClient.connect(settings.dataDir)) ?? (await openDirectory(settings));
  } catch (error) {
    throw operationFailed(error);
  }
}

async function reachKafka(settings: Settings, kafka: KafkaSettings, terminal: Terminal): Promise<Operator> {
  const tell = (message: string): void => terminal.tell(`${message}\n`);
  const log = await openKafkaToRead(settings, kafka, { info: () => undefined, warn: tell, error: tell });
  const [features, product] = [await chosenFeatures(settings), await allFeatures()];
  const stored = new StoredOperations(settings, log, features, product);
  const { views, deadLetters, reactions, keys } = stored;
  const services = { log, topics: topicNames(topicSpecs(features, product)), views, deadLetters, reactions, keys };
  return new LocalOperator('kafka', services, async () => {
    await stored.close();
    await log.close();
  });
}

async function openDirectory(settings: Settings): Promise<Operator> {
  const { dataDir } = settings;
  if (!existsSync(join(dataDir, 'log.db'))) {
    throw new OperationFailed('UNAVAILABLE', `no process runs on ${dataDir}, and no log is there`);
  }
  const directory = await held(dataDir);
  try {
    const { partitions } = settings;
    const log = await EmbeddedLog.open({ directory: dataDir, partitions, partitionsExplicit: false });
    const [features, product] = [await chosenFeatures(settings), await allFeatures()];
    const stored = new StoredOperations(settings, log, features, product);
    const { views, deadLetters, reactions, keys } = stored;
    const copyTo = (target: string): Promise<void> => copyStores(log, dataDir, target);
    return new LocalOperator(
      'directory',
      { log, topics: topicNames(topicSpecs(features, product)), views, deadLetters, reactions, keys, copyTo },
      async () => {
        await stored.close();
        await log.close();
        directory.release();
      },
    );
  } catch (error) {
    directory.release();
    throw error;
  }
}

async function held(dataDir: string): Promise<ReturnType<typeof holdDataDirectory>> {
  try {
    return holdDataDirectory(dataDir);
  } catch (error) {
    if (!(error instanceof LogSetupError)) throw error;
    const message = `a process holds ${dataDir} and does not answer on its socket; if it is starting or stopping, try again`;
    throw new OperationFailed('UNAVAILABLE', message, { cause: error });
  }
}
