import { canRunFromJars } from './broker-jars.ts';
import { canRunInDocker, startDockerBroker } from './docker-broker.ts';
import type { BrokerOptions, KafkaBroker } from './kafka-broker.ts';
import { startLocalBroker } from './local-broker.ts';

/** How to get a broker, for whoever has no way to run one. */
export const howToGetKafka =
  'A Kafka broker is needed. Set KAFKA_BROKERS to a running one, or install Java 17 or newer and Maven (on Debian and Ubuntu: ' +
  'apt-get install openjdk-17-jre-headless maven), or install Docker.';

/**
 * Starts a broker of our own, from Maven's jars or in Docker, and waits until it serves.
 * @throws Error that says what to install when this machine can do neither
 */
export async function startBroker(options: BrokerOptions = {}): Promise<KafkaBroker> {
  if (await canRunFromJars()) return startLocalBroker(options);
  if (await canRunInDocker()) return startDockerBroker(options);
  throw new Error(howToGetKafka);
}
