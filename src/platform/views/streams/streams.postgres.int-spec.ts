import { postgresDatabase, postgresServer } from '../testing/stores';
import { streamsLoadContract } from './streams-load.contract';
import { streamSwapContract } from './stream-swap.contract';
import { streamsContract } from './streams.contract';

streamsContract('PostgreSQL', () => postgresDatabase(postgresServer()));
streamsLoadContract('PostgreSQL', () => postgresDatabase(postgresServer()));
streamSwapContract('PostgreSQL', () => postgresDatabase(postgresServer()));
