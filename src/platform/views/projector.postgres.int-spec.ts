import { projectorTroubleContract } from './projector-trouble.contract';
import { projectorContract } from './projector.contract';
import { postgresDatabase, postgresServer } from './testing/stores';

projectorContract('PostgreSQL', () => postgresDatabase(postgresServer()));
projectorTroubleContract('PostgreSQL', () => postgresDatabase(postgresServer()));
