import 'reflect-metadata';
import { createHttpApp } from '@attune/http';
import { createLogger, startMetrics } from '@attune/observability';
import { AppModule } from './app.module';
import { readEnv } from './env';

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger('billing', env.logLevel);
  startMetrics('billing');
  const app = await createHttpApp(AppModule.forRoot(env, logger), { logger });
  await app.listen(env.port, env.host);
  logger.info({ host: env.host, port: env.port }, 'billing is up');
}

main().catch((error: unknown) => {
  createLogger('billing').fatal({ err: error }, 'billing could not start');
  process.exit(1);
});
