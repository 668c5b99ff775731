import { projectorTroubleContract } from './projector-trouble.contract';
import { projectorContract } from './projector.contract';
import { sqliteDatabase } from './testing/stores';

projectorContract('SQLite', sqliteDatabase);
projectorTroubleContract('SQLite', sqliteDatabase);
