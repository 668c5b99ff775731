import { canRunFromJars } from './broker-jars.ts';
import { canRunInDocker, startDockerBroker } from './docker-broker.ts';
import type { LocalServer } from '../process/local-server.ts';
import { startLocalBroker } from './local-broker.ts';

/** A running Apache Kafka broker. */
export interface KafkaBroker extends LocalServer {
  /** `host:port`, as `KAFKA_BROKERS` takes it. It stays the same over stop and start. */
  readonly address: string;
}

/** Where a broker listens and keeps its data; by default a free port and a temporary directory. */
export interface BrokerOptions {
  readonly port?: number;
  readonly directory?: string;
}

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
