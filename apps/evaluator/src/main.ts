import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { runService } from '@attune/service';
import { AppModule } from './app.module';
import { readEnv } from './env';

runService('evaluator', readEnv, (env, logger) => createHttpApp(AppModule.forRoot(env, logger), { logger }));
