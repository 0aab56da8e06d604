import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { checkMedia } from '@attune/media';
import { createLogger, startMetrics } from '@attune/observability';
import { AppModule } from './app.module';
import { readEnv } from './env';

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger('ingestion', env.logLevel);
  // First of all: a service that cannot decode safely must not look alive.
  await checkMedia();
  startMetrics('ingestion');
  const app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
  await app.listen(env.port, env.host);
  logger.info({ host: env.host, port: env.port, concurrency: env.work.concurrency }, 'ingestion is up');
}

main().catch((error: unknown) => {
  createLogger('ingestion').fatal({ err: error }, 'ingestion could not start');
  process.exit(1);
});
