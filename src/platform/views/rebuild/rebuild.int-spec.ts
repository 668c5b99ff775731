import { sqliteDatabase } from '../testing/stores';
import { rebuildContract } from './rebuild.contract';

rebuildContract('SQLite', sqliteDatabase);
