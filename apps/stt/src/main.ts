import 'reflect-metadata';
import { createLogger, startMetrics } from '@attune/observability';
import { createApp } from './create-app';
import { readEnv } from './env';

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger('stt', env.logLevel);
  startMetrics('stt');
  const app = await createApp(env, logger);
  await app.listen(env.port, env.host);
  logger.info({ host: env.host, port: env.port }, 'stt is up');
}

main().catch((error: unknown) => {
  createLogger('stt').fatal({ err: error }, 'stt could not start');
  process.exit(1);
});
