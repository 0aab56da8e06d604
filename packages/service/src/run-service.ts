import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { untilMigrated, type Migration } from '@attune/database';
import { createLogger, startMetrics, type Logger } from '@attune/observability';
import type { ListenerSettings, ServiceSettings } from './environment';

/**
 * The whole of a service's main.ts: reads the environment, waits for `ready` where something else must come first, makes the
 * application and listens. Whatever fails on the way is one fatal log line and exit code 1: who started the process starts it
 * again.
 */
export function runService<E extends ListenerSettings>(
  name: string,
  readEnv: () => E,
  createApp: (env: E, logger: Logger) => Promise<NestFastifyApplication>,
  ready: (env: E, logger: Logger) => Promise<void> = () => Promise.resolve(),
): void {
  const start = async (): Promise<void> => {
    const env = readEnv();
    const logger = createLogger(name, env.logLevel);
    startMetrics(name);
    await ready(env, logger);
    const app = await createApp(env, logger);
    await app.listen(env.port, env.host);
    logger.info({ host: env.host, port: env.port }, `${name} is up`);
  };
  start().catch((error: unknown) => {
    createLogger(name).fatal({ err: error }, `${name} could not start`);
    process.exit(1);
  });
}

/** For `runService`: the schema has every migration of this build. */
export function whenMigrated(schema: string, migrations: readonly Migration[]) {
  return ({ databaseUrl }: ServiceSettings, logger: Logger): Promise<void> =>
    untilMigrated({ url: databaseUrl, schema, migrations }, { log: (message) => logger.warn(message) });
}
