import { sqliteDatabase } from '../testing/stores';
import { streamsLoadContract } from './streams-load.contract';
import { streamsContract } from './streams.contract';

streamsContract('SQLite', sqliteDatabase);
streamsLoadContract('SQLite', sqliteDatabase);
