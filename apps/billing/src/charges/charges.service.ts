import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import { Outbox } from '@attune/messaging';
import { rate } from '@attune/pricing';
import { AlertsService } from '../alerts/alerts.service';
import { HoldsRepository } from '../holds/holds.repository';
import { LedgerService, type OpenLedger } from '../ledger/ledger.service';
import { PriceBooksRepository } from '../prices/price-books.repository';
import { payloadDigestOf, trainingMsOf, type Usage } from '../usage/usage';
import { UsageRepository } from '../usage/usage.repository';
import { chargeDigestOf, entriesOfCharge, type Charge } from './charge';
import { toCloudEventOverage } from './charge.convert';
import { ChargesRepository, type ChargeFilter, type ChargeTotals } from './charges.repository';

/** Turns usage into money: one charge a run, booked, told to finance, and its hold posted, all in one transaction. */
@Injectable()
export class ChargesService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly books: PriceBooksRepository,
    private readonly usage: UsageRepository,
    private readonly holds: HoldsRepository,
    private readonly charges: ChargesRepository,
    private readonly ledger: LedgerService,
    private readonly alerts: AlertsService,
  ) {}

  /** What the model has used before cannot change meanwhile: the ledger is open. */
  async chargeRun(tx: Tx, ledger: OpenLedger, usage: Usage): Promise<Charge> {
    const book = await this.bookOf(tx, usage);
    const usedMs = await this.usage.billedMs(tx, usage);
    const newMs = await this.usage.countNewAudio(tx, usage);
    const charge: Charge = {
      runId: usage.runId,
      organizationId: usage.organizationId,
      modelId: usage.modelId,
      priceBook: book.version,
      currency: book.currency,
      trainingMs: BigInt(trainingMsOf(usage)),
      usedMs,
      newMs,
      ...rate(book, { beforeMs: usedMs, addedMs: newMs }),
      occurredAt: usage.occurredAt,
      recordedAt: ledger.at,
    };
    await this.charges.insert(tx, charge);
    await this.ledger.book(tx, ledger, {
      kind: 'charge',
      subjectId: charge.runId,
      subjectSha256: chargeDigestOf(charge, payloadDigestOf(usage)),
      entries: entriesOfCharge(charge),
    });
    await this.tellFinance(tx, charge);
    return charge;
  }

  async list(
    filter: ChargeFilter,
    page: { offset: number; limit: number },
  ): Promise<{ totals: ChargeTotals; charges: Charge[]; currency: string }> {
    return this.database.read({ organizationId: filter.organizationId }, async (tx) => {
      const { currency } = await this.books.inForce(tx);
      return {
        totals: await this.charges.totals(tx, filter),
        charges: await this.charges.list(tx, filter, page),
        currency,
      };
    });
  }

  /** Once an overage: the event's id is a function of the run's, and a run is charged once. */
  private async tellFinance(tx: Tx, charge: Charge): Promise<void> {
    if (charge.overageMs === 0n) return;
    await this.outbox.addCloudEvent(tx, 'billing.overage-recorded.v1', toCloudEventOverage(charge), {
      key: charge.runId,
      at: charge.occurredAt,
      aggregateId: charge.runId,
    });
  }

  /** Of the moment when the run was asked for, which its hold remembers; a run older than holds is charged by the book of today. */
  private async bookOf(tx: Tx, usage: Usage) {
    const hold = await this.holds.post(tx, usage);
    if (!hold) return this.books.inForce(tx);
    if (hold.state === 'released') {
      await this.alerts.raise(tx, {
        kind: 'released_hold_charged',
        subject: usage.runId,
        organizationId: usage.organizationId,
        details: { run_id: usage.runId, model_id: usage.modelId },
      });
    }
    return this.books.get(tx, hold.priceBook);
  }
}
