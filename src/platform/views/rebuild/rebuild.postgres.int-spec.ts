import { postgresDatabase, postgresServer } from '../testing/stores';
import { rebuildContract } from './rebuild.contract';

rebuildContract('PostgreSQL', () => postgresDatabase(postgresServer()));
