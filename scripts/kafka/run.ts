import { runInForeground } from '../process/foreground.ts';
import { startBroker } from './broker.ts';

runInForeground({
  name: 'Apache Kafka',
  port: '9092',
  directory: '.cache/kafka/data',
  start: startBroker,
  settings: (port) => `export KAFKA_BROKERS=127.0.0.1:${port}`,
});
