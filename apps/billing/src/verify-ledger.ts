import 'reflect-metadata';
import { createDataSource, Database, waitForServer } from '@attune/database';
import { messageOf } from '@attune/kernel';
import { readVerifyEnv } from './env';
import { createLedgerAudit } from './ledger/create-ledger-audit';
import { LedgerRepository } from './ledger/ledger.repository';

/** Proves every organization's books and names the first bad row of each that has one; ends with 1 when there is any. */
async function main(): Promise<void> {
  const { databaseUrl } = readVerifyEnv();
  const dataSource = await waitForServer(() =>
    createDataSource({
      url: databaseUrl,
      schema: 'billing',
      applicationName: 'verify-ledger',
      poolSize: 2,
    }).initialize(),
  );
  try {
    const database = new Database(dataSource);
    const ledger = new LedgerRepository();
    const audit = createLedgerAudit();
    const organizations = await database.read('system', (tx) => ledger.organizations(tx));
    for (const organizationId of organizations) {
      const fault = await database.read({ organizationId }, (tx) => audit.verify(tx, organizationId));
      if (fault) process.exitCode = 1;
      process.stdout.write(`${JSON.stringify({ organization_id: organizationId, ok: fault === null, fault })}\n`);
    }
  } finally {
    await dataSource.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
});
