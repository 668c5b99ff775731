import { sqliteDatabase } from '../testing/stores';
import { parkingContract } from './parking.contract';

parkingContract('SQLite', sqliteDatabase);
