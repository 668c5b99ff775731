import { postgresDatabase, postgresServer } from '../testing/stores';
import { parkingContract } from './parking.contract';

parkingContract('PostgreSQL', () => postgresDatabase(postgresServer()));
