import 'reflect-metadata';
import { createLogger, startMetrics } from '@attune/observability';
import { createApp } from './create-app';
import { readEnv } from './env';

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger('trainer', env.logLevel);
  startMetrics('trainer');
  const app = await createApp(env, logger);
  await app.listen(env.port, env.host);
  logger.info({ host: env.host, port: env.port }, 'trainer is up');
}

main().catch((error: unknown) => {
  createLogger('trainer').fatal({ err: error }, 'trainer could not start');
  process.exit(1);
});
