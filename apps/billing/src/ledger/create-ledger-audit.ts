import { ChargesRepository } from '../charges/charges.repository';
import { PriceBooksRepository } from '../prices/price-books.repository';
import { StatementsRepository } from '../statements/statements.repository';
import { UsageRepository } from '../usage/usage.repository';
import { LedgerAuditRepository } from './ledger-audit.repository';
import { LedgerAuditService } from './ledger-audit.service';
import { LedgerRepository } from './ledger.repository';

/** The auditor for whoever runs without the service. */
export function createLedgerAudit(): LedgerAuditService {
  return new LedgerAuditService(
    new LedgerRepository(),
    new LedgerAuditRepository(),
    new UsageRepository(),
    new ChargesRepository(),
    new PriceBooksRepository(),
    new StatementsRepository(),
  );
}
