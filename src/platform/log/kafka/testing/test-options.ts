import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaLog } from '../kafka-log';
import type { KafkaLogOptions } from '../kafka-settings';

/** A log on the broker of the test run, under a prefix of the test's own. @throws Error when no broker was started */
export function testOptions(some: Partial<KafkaLogOptions>): KafkaLogOptions {
  const brokers = process.env['KAFKA_BROKERS'];
  if (brokers === undefined || brokers === '')
    throw new Error('KAFKA_BROKERS names no broker: run the tests by npm test');
  return {
    brokers: brokers.split(','),
    clientId: 'kafka-log-test',
    topicPrefix: '',
    ssl: null,
    sasl: null,
    replicationFactor: null,
    partitions: 4,
    partitionsExplicit: false,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...some,
  };
}

/** Logs of one test on one prefix, closed together; with topics of a module `m`. */
export interface OpenLogs {
  readonly topicPrefix: string;
  open(options?: Partial<KafkaLogOptions>): Promise<KafkaLog>;
  close(): Promise<void>;
}

export function openLogs(): OpenLogs {
  let topicPrefix = `t-${randomUUID()}.`;
  const opened: KafkaLog[] = [];
  return {
    get topicPrefix() {
      return topicPrefix;
    },
    open: async (options = {}) => {
      const log = await KafkaLog.open(testOptions({ topicPrefix, ...options }));
      opened.push(log);
      await log.ensureTopics([
        { name: 'm.commands', policy: 'keep' },
        { name: 'm.events', policy: 'keep' },
      ]);
      return log;
    },
    close: async () => {
      await Promise.all(opened.splice(0).map((log) => log.close()));
      topicPrefix = `t-${randomUUID()}.`;
    },
  };
}

/** What an operator or another Kafka client would do, by kafkajs' public interface. */
export function plainKafka(): Kafka {
  return new Kafka({ brokers: [...testOptions({}).brokers], logLevel: logLevel.NOTHING });
}
