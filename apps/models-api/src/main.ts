import 'reflect-metadata';
import { createLogger, startMetrics } from '@attune/observability';
import { createApp } from './create-app';
import { readEnv } from './env';

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger('models-api', env.logLevel);
  startMetrics('models-api');
  const app = await createApp(env, logger);
  await app.listen(env.port, env.host);
  logger.info({ host: env.host, port: env.port }, 'listening');
}

main().catch((error: unknown) => {
  createLogger('models-api').fatal({ err: error }, 'the service could not start');
  process.exit(1);
});
