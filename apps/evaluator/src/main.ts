import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { runService, whenMigrated } from '@attune/service';
import { AppModule } from './app.module';
import { readEnv } from './env';
import { migrations } from './migrations/all';

runService(
  'evaluator',
  readEnv,
  (env, logger) => createHttpApp(AppModule.forRoot(env, logger), { logger }),
  whenMigrated('evaluation', migrations),
);
