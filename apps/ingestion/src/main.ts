import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { checkMedia } from '@attune/media';
import { runService } from '@attune/service';
import { AppModule } from './app.module';
import { readEnv } from './env';

runService('ingestion', readEnv, async (env, logger) => {
  // First of all: a service that cannot decode safely must not look alive.
  await checkMedia();
  return createHttpApp(AppModule.forRoot(env, logger), { logger });
});
