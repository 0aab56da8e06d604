import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, startMetrics, type Logger } from '@attune/observability';
import type { ListenerSettings } from './environment';

/**
 * The whole of a service's main.ts: reads the environment, makes the application and listens. Whatever fails on the way is
 * one fatal log line and exit code 1: who started the process starts it again.
 */
export function runService<E extends ListenerSettings>(
  name: string,
  readEnv: () => E,
  createApp: (env: E, logger: Logger) => Promise<NestFastifyApplication>,
): void {
  const start = async (): Promise<void> => {
    const env = readEnv();
    const logger = createLogger(name, env.logLevel);
    startMetrics(name);
    const app = await createApp(env, logger);
    await app.listen(env.port, env.host);
    logger.info({ host: env.host, port: env.port }, `${name} is up`);
  };
  start().catch((error: unknown) => {
    createLogger(name).fatal({ err: error }, `${name} could not start`);
    process.exit(1);
  });
}
