import { postgresDatabase, postgresServer } from '../testing/stores';
import { streamsLoadContract } from './streams-load.contract';
import { streamsContract } from './streams.contract';

streamsContract('PostgreSQL', () => postgresDatabase(postgresServer()));
streamsLoadContract('PostgreSQL', () => postgresDatabase(postgresServer()));
