import { postgresDatabase, postgresServer } from '../views/testing/stores';
import { keysStoreContract, SECRETS } from './keys-store.contract';
import { glanceAtPostgresKeys, PostgresKeys } from './postgres-keys';

keysStoreContract('PostgreSQL', async () => {
  const database = await postgresDatabase(postgresServer());
  const { url } = database;
  return {
    open: () => PostgresKeys.open(url, SECRETS),
    glance: () => glanceAtPostgresKeys(url),
    remove: () => database.drop(),
  };
});
