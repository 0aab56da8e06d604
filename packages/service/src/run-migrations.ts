import { migrate, type Migration } from '@attune/database';
import { createLogger } from '@attune/observability';
import type { MigrationEnvironment } from './environment';

/** The whole of a service's migrate.ts: brings its schema up to date. Whatever fails is one fatal log line and exit code 1. */
export function runMigrations(
  name: string,
  readEnv: () => MigrationEnvironment,
  schema: string,
  migrations: readonly Migration[],
): void {
  const logger = createLogger(`${name}-migrate`);
  const start = async (): Promise<void> => {
    await migrate({ ...readEnv(), schema, migrations, log: (message) => logger.info(message) });
  };
  start().catch((error: unknown) => {
    logger.fatal({ err: error }, 'the migrations failed');
    process.exit(1);
  });
}
