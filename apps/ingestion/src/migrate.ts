import { migrate } from '@attune/database';
import { createLogger } from '@attune/observability';
import { readMigrationEnv } from './env';
import { migrations } from './migrations/all';

const logger = createLogger('ingestion-migrate');

async function main(): Promise<void> {
  await migrate({
    ...readMigrationEnv(),
    schema: 'ingestion',
    migrations,
    log: (message) => logger.info(message),
  });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, 'the migrations failed');
  process.exit(1);
});
