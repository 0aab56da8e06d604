import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { rate } from '@attune/pricing';
import { PriceBooksRepository } from '../prices/price-books.repository';
import { UsageRepository } from '../usage/usage.repository';
import type { PlannedRun, RunQuote, RunRef } from './hold';
import { costLimitExceeded } from './hold.errors';
import { HoldChecksService } from './hold-checks.service';
import { HoldsRepository } from './holds.repository';

/** Reserves what runs are going to cost, before they start. */
@Injectable()
export class HoldsService {
  constructor(
    private readonly database: Database,
    private readonly books: PriceBooksRepository,
    private readonly usage: UsageRepository,
    private readonly holds: HoldsRepository,
    private readonly checks: HoldChecksService,
  ) {}

  /** How long those of these recordings are that no run of the model has used, in milliseconds. */
  async measureNew(
    model: { organizationId: OrganizationId; modelId: ModelId },
    audio: readonly (readonly [string, number])[],
  ): Promise<number> {
    await this.checks.settleEarlier(model, null);
    return this.database.read({ organizationId: model.organizationId }, (tx) =>
      this.usage.measureNew(tx, model, audio),
    );
  }

  /** What the run would cost if it were asked for now. */
  async quote(run: PlannedRun): Promise<RunQuote> {
    return this.database.read({ organizationId: run.organizationId }, (tx) => this.quoteIn(tx, run));
  }

  /** Throws COST_LIMIT_EXCEEDED, and reserves nothing, when the run would cost more than `maxCents` (null: no limit). */
  async place(run: PlannedRun & { runId: RunId }, maxCents: number | null): Promise<RunQuote> {
    await this.checks.settleEarlier(run, run.runId);
    return this.database.runInTransaction({ organizationId: run.organizationId }, async (tx) => {
      const quote = await this.quoteIn(tx, run);
      const amountCents = Number(quote.amountCents);
      if (maxCents !== null && amountCents > maxCents)
        throw costLimitExceeded(maxCents, amountCents, quote.book.currency);
      await this.holds.insert(tx, { ...run, priceBook: quote.book.version, amountCents });
      return quote;
    });
  }

  /** The run was not started after all; false when somebody has said that it was. */
  async cancel(run: RunRef): Promise<boolean> {
    return this.database.runInTransaction({ organizationId: run.organizationId }, (tx) =>
      this.holds.releasePlaced(tx, run),
    );
  }

  async confirm(tx: Tx, run: RunRef): Promise<void> {
    await this.holds.confirm(tx, run);
  }

  async release(tx: Tx, run: RunRef): Promise<void> {
    await this.holds.release(tx, run);
  }

  private async quoteIn(tx: Tx, run: PlannedRun): Promise<RunQuote> {
    const book = await this.books.inForce(tx);
    const usedMs = await this.usage.billedMs(tx, run);
    const newMs = BigInt(run.newMs);
    return { book, usedMs, newMs, ...rate(book, { beforeMs: usedMs, addedMs: newMs }) };
  }
}
