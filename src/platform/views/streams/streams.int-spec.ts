import { sqliteDatabase } from '../testing/stores';
import { streamsLoadContract } from './streams-load.contract';
import { streamSwapContract } from './stream-swap.contract';
import { streamsContract } from './streams.contract';

streamsContract('SQLite', sqliteDatabase);
streamsLoadContract('SQLite', sqliteDatabase);
streamSwapContract('SQLite', sqliteDatabase);
