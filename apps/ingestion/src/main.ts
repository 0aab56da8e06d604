import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '@attune/http';
import { checkMedia } from '@attune/media';
import type { Logger } from '@attune/observability';
import { runService, whenMigrated } from '@attune/service';
import { AppModule } from './app.module';
import { readEnv, type Env } from './env';
import { migrations } from './migrations/all';

const createApp = async (env: Env, logger: Logger): Promise<NestFastifyApplication> => {
  // First of all: a service that cannot decode safely must not look alive.
  await checkMedia();
  return createHttpApp(AppModule.forRoot(env, logger), { logger });
};

runService('ingestion', readEnv, createApp, whenMigrated('ingestion', migrations));
