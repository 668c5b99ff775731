import { startBroker } from './kafka/broker.ts';
import { startPostgres } from './postgres/server.ts';

/** The servers that tests and benchmarks use. */
export interface Servers {
  readonly kafkaBrokers: string;
  readonly databaseUrl: string;
  /** Ends those that were started here; the ones that the environment named are left alone. */
  close(): Promise<void>;
}

/**
 * `KAFKA_BROKERS` and `DATABASE_URL` where they are set, and for each that is not a server of our own. Both start at once.
 * @throws Error that says what to install when one cannot be had
 */
export async function provideServers(): Promise<Servers> {
  const { KAFKA_BROKERS: givenBrokers = '', DATABASE_URL: givenDatabase = '' } = process.env;
  const [kafka, postgres] = await Promise.allSettled([
    givenBrokers === '' ? startBroker() : undefined,
    givenDatabase === '' ? startPostgres() : undefined,
  ]);
  if (kafka.status === 'rejected') {
    if (postgres.status === 'fulfilled') await postgres.value?.close();
    throw kafka.reason;
  }
  if (postgres.status === 'rejected') {
    await kafka.value?.close();
    throw postgres.reason;
  }
  return {
    kafkaBrokers: kafka.value?.address ?? givenBrokers,
    databaseUrl: postgres.value?.url ?? givenDatabase,
    close: async () => {
      await Promise.all([kafka.value?.close(), postgres.value?.close()]);
    },
  };
}
