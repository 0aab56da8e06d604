import 'reflect-metadata';
import { messageOf, systemClock } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { createLogger } from '@attune/observability';
import { ApiKeysRepository } from './api-keys/api-keys.repository';
import { ApiKeysService } from './api-keys/api-keys.service';
import { readBootstrapEnv } from './env';
import { BootstrapService } from './organizations/bootstrap.service';
import { OrganizationsRepository } from './organizations/organizations.repository';
import { OrganizationsService } from './organizations/organizations.service';
import { withDatabase } from './platform/with-database';

/** The services run already: their relay carries the news to billing, and its answer back. */
const ENTITLEMENTS_WAIT_MS = 60_000;

async function main(): Promise<void> {
  const env = readBootstrapEnv();
  const logger = createLogger('bootstrap', env.logLevel);
  await withDatabase(env.databaseUrl, 'bootstrap', async (database) => {
    const apiKeys = new ApiKeysService(new ApiKeysRepository(database), env.apiKeyPepper, systemClock);
    const organizations = new OrganizationsService(
      database,
      new Outbox('models'),
      new OrganizationsRepository(),
      apiKeys,
    );
    const { organizationId, isNewKey } = await new BootstrapService(organizations, apiKeys).bootstrap({
      keyFile: env.keyFile,
      minimumTrainingMs: env.minimumTrainingMs,
      waitMs: ENTITLEMENTS_WAIT_MS,
    });
    logger.info(
      { organization_id: organizationId, key_file: env.keyFile, is_new_key: isNewKey },
      'the first organization is ready',
    );
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
