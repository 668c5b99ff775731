import { randomBytes } from 'node:crypto';
import { createDatabase } from '../../scripts/postgres/database.ts';
import { provideServers } from '../../scripts/servers.ts';
import type { BenchContext } from './bench-context.ts';
import { deleteTopics } from './kafka-peer.ts';

/** The servers of one part, and the name that all it makes on them begins with. */
export interface KafkaPlace {
  readonly brokers: string;
  readonly databaseUrl: string;
  readonly prefix: string;
}

/** Does the work on a real Kafka and a real PostgreSQL, and removes what it has made there. */
export async function withKafka<Result>(
  context: BenchContext,
  work: (place: KafkaPlace) => Promise<Result>,
): Promise<Result> {
  context.tell('starting Kafka and PostgreSQL');
  const servers = await provideServers();
  try {
    const database = await createDatabase(servers.databaseUrl);
    const brokers = servers.kafkaBrokers;
    const prefix = `bench-${randomBytes(4).toString('hex')}`;
    try {
      return await work({ brokers, prefix, databaseUrl: database.url });
    } finally {
      await database.drop();
      await deleteTopics(brokers, prefix);
    }
  } finally {
    await servers.close();
  }
}

/** The product's settings there. */
export function kafkaSettings({ brokers, prefix, databaseUrl }: KafkaPlace): Record<string, string> {
  return { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: `${prefix}.`, DATABASE_URL: databaseUrl };
}
