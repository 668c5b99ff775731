import { runInForeground } from '../process/foreground.ts';
import { startPostgres } from './server.ts';

runInForeground({
  name: 'PostgreSQL',
  port: '5432',
  directory: '.cache/postgres',
  start: startPostgres,
  settings: (port) => `export DATABASE_URL=postgres://postgres@127.0.0.1:${port}/postgres`,
});
