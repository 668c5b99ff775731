import './platform/config/require-node';
import 'reflect-metadata';
import { AppModule, known } from './app.module';
import { bootstrap } from './bootstrap';

void bootstrap({ known, modules: (settings) => [AppModule.forRoot(settings)] });
