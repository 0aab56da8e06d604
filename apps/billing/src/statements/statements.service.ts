import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { messageOf, newId } from '@attune/kernel';
import { Counter } from '@attune/observability';
import { AlertsService } from '../alerts/alerts.service';
import { digestOfBytes } from '../ledger/digest';
import { transfer } from '../ledger/ledger';
import { LedgerAuditService } from '../ledger/ledger-audit.service';
import { LedgerService } from '../ledger/ledger.service';
import { BILLING_SETTINGS, type BillingSettings } from '../settings';
import {
  closedMonth,
  findImpossible,
  renderStatement,
  totalCentsOf,
  type ClosedMonth,
  type Statement,
} from './statement';
import { ImpossibleBill } from './statement.errors';
import { StatementsRepository, type Bill } from './statements.repository';

const statementsMade = new Counter({
  name: 'attune_billing_statements_total',
  help: 'Statements that were due: final, impossible (a person has to look), waiting (failed, tried again)',
  labelNames: ['outcome'],
});
for (const outcome of ['final', 'impossible', 'waiting']) statementsMade.inc({ outcome }, 0);

/** Makes each organization's statement of a month that has ended, once, final at once. What comes later stands on the next. */
@Injectable()
export class StatementsService {
  private readonly logger = new Logger(StatementsService.name);

  constructor(
    private readonly database: Database,
    private readonly statements: StatementsRepository,
    private readonly ledger: LedgerService,
    private readonly audit: LedgerAuditService,
    private readonly alerts: AlertsService,
    @Inject(BILLING_SETTINGS) private readonly settings: BillingSettings,
  ) {}

  /** Everything that is due by the database's time, or at the given one, until `signal` aborts. A bill that fails does not keep the others from being made. */
  async finalizeDue(signal: AbortSignal, at?: Date): Promise<void> {
    const { month, bills } = await this.database.read('system', async (tx) => {
      const closed = closedMonth(at ?? (await this.statements.now(tx)), this.settings.statementGraceHours);
      return { month: closed, bills: await this.statements.listDue(tx, closed) };
    });
    for (const bill of bills) {
      if (signal.aborted) return;
      try {
        await this.finalize(bill, month);
        statementsMade.inc({ outcome: 'final' });
      } catch (error) {
        const isImpossible = error instanceof ImpossibleBill;
        statementsMade.inc({ outcome: isImpossible ? 'impossible' : 'waiting' });
        if (isImpossible) await this.raise(bill, month, error);
        else this.logger.warn(`the statement of ${bill.organizationId} waits: ${messageOf(error)}`);
      }
    }
  }

  private async finalize(bill: Bill, closed: ClosedMonth): Promise<void> {
    const scope = { organizationId: bill.organizationId };
    // Before the books are locked: whoever wants to start a run waits for that lock, and years of books take their time.
    const audited = await this.database.read(scope, (tx) => this.audit.prove(tx, bill.organizationId));
    await this.database.runInTransaction(scope, async (tx) => {
      const ledger = await this.ledger.open(tx, bill.organizationId);
      if (await this.statements.exists(tx, bill, closed.month)) return;
      const charges = await this.statements.listUnbilled(tx, bill, closed.end);
      await this.check(tx, bill, charges, audited);
      const draft = { id: newId(), ...bill, month: closed.month, charges, finalizedAt: ledger.at, ledger: ledger.last };
      const document = renderStatement(draft);
      const statement: Statement = {
        ...draft,
        totalCents: totalCentsOf(charges),
        document,
        sha256: digestOfBytes(document),
      };
      await this.statements.insert(
        tx,
        statement,
        charges.map(({ runId }) => runId),
      );
      await this.ledger.book(tx, ledger, {
        kind: 'statement',
        subjectId: statement.id,
        subjectSha256: statement.sha256,
        entries: transfer(bill.currency, statement.totalCents, { to: 'receivable', from: 'unbilled_receivable' }),
      });
    });
  }

  /** Throws ImpossibleBill. The whole of the books is audited too, the last of it here: a bill is never made of books that were changed. */
  private async check(
    tx: Tx,
    bill: Bill,
    charges: Parameters<typeof findImpossible>[0],
    { fault: found, proven }: Awaited<ReturnType<LedgerAuditService['prove']>>,
  ): Promise<void> {
    const impossible = findImpossible(charges, this.settings.maxChargesPerDay);
    if (impossible !== null) throw new ImpossibleBill(impossible);
    const fault = found ?? (await this.audit.verifyNext(tx, bill.organizationId, proven));
    if (fault) throw new ImpossibleBill(`${fault.table} ${fault.id}: ${fault.reason}`);
  }

  private async raise(bill: Bill, { month }: ClosedMonth, { reason }: ImpossibleBill): Promise<void> {
    await this.database.runInTransaction({ organizationId: bill.organizationId }, (tx) =>
      this.alerts.raise(tx, {
        kind: 'impossible_bill',
        subject: `${bill.organizationId} ${month} ${bill.currency}`,
        organizationId: bill.organizationId,
        details: { month, currency: bill.currency, reason },
      }),
    );
  }
}
