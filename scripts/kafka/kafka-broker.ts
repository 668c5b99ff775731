import type { LocalServer } from '../process/local-server.ts';

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
