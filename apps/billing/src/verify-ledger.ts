import 'reflect-metadata';
import { createDataSource, Database, waitForServer } from '@attune/database';
import { messageOf } from '@attune/kernel';
import { ChargesRepository } from './charges/charges.repository';
import { readVerifyEnv } from './env';
import { LedgerAuditRepository } from './ledger/ledger-audit.repository';
import { LedgerAuditService } from './ledger/ledger-audit.service';
import { LedgerRepository } from './ledger/ledger.repository';
import { PriceBooksRepository } from './prices/price-books.repository';
import { StatementsRepository } from './statements/statements.repository';
import { UsageRepository } from './usage/usage.repository';

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
    const audit = new LedgerAuditService(
      ledger,
      new LedgerAuditRepository(),
      new UsageRepository(),
      new ChargesRepository(),
      new PriceBooksRepository(),
      new StatementsRepository(),
    );
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
