import './compile-cache';
import 'reflect-metadata';
import { AppModule } from './app.module';
import { bootstrap } from './bootstrap';

void bootstrap({ modules: (settings) => [AppModule.forRoot(settings)] });
