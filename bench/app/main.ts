import 'reflect-metadata';
import { AppModule } from '../../src/app.module';
import { bootstrap } from '../../src/bootstrap';
import { NoopModule } from './noop.controller';

/** The product, with one route more. */
void bootstrap({ modules: (settings) => [AppModule.forRoot(settings), { module: NoopModule }] });
