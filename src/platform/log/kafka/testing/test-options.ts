import type { KafkaLogOptions } from '../kafka-settings';

/** A log on the broker of the test run, under a prefix of the test's own. @throws Error when no broker was started */
export function testOptions(some: Partial<KafkaLogOptions>): KafkaLogOptions {
  const brokers = process.env['KAFKA_BROKERS'];
  if (brokers === undefined || brokers === '') throw new Error('KAFKA_BROKERS names no broker: run the tests by npm test');
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
