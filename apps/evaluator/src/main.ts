import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { createLogger, startMetrics } from '@attune/observability';
import { AppModule } from './app.module';
import { readEnv } from './env';

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger('evaluator', env.logLevel);
  startMetrics('evaluator');
  const app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
  await app.listen(env.port, env.host);
  logger.info({ host: env.host, port: env.port }, 'evaluator is up');
}

main().catch((error: unknown) => {
  createLogger('evaluator').fatal({ err: error }, 'evaluator could not start');
  process.exit(1);
});
