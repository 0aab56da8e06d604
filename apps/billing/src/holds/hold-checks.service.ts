import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database } from '@attune/database';
import type { ReplyOf } from '@attune/events';
import { messageOf, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { PermanentFailure } from '@attune/messaging';
import { BILLING_SETTINGS, type BillingSettings } from '../settings';
import { fromToldRun } from '../usage/usage.convert';
import { UsageService } from '../usage/usage.service';
import type { Hold } from './hold';
import { HoldsRepository } from './holds.repository';

type Outcome = ReplyOf<'models.run-outcomes'>['runs'][number];

/** What became of runs. Throws SERVICE_UNAVAILABLE when models-api does not answer. */
export abstract class RunOutcomes {
  abstract of(runIds: readonly string[]): Promise<Outcome[]>;
}

const BATCH = 500;

/**
 * Ends holds whose events never came: it asks what became of their runs. A hold expires only when models-api says that there is no such
 * run, so neither a slow start nor a lost event ends the hold of a run that is live.
 */
@Injectable()
export class HoldChecksService {
  private readonly logger = new Logger(HoldChecksService.name);

  constructor(
    private readonly database: Database,
    private readonly holds: HoldsRepository,
    private readonly usage: UsageService,
    private readonly outcomes: RunOutcomes,
    @Inject(BILLING_SETTINGS) private readonly settings: BillingSettings,
  ) {}

  /** One pass over the open holds of which nobody has spoken for long. */
  async checkUnheard(signal: AbortSignal): Promise<void> {
    const { holdSeconds, holdCheckSeconds } = this.settings;
    const open = await this.database.read('system', (tx) =>
      this.holds.listUnheard(tx, { placed: holdSeconds, confirmed: holdCheckSeconds }, BATCH),
    );
    if (open.length === 0) return;
    const outcomes = new Map((await this.outcomes.of(open.map(({ runId }) => runId))).map((run) => [run.run_id, run]));
    for (const hold of open) {
      if (signal.aborted) return;
      try {
        await this.settle(hold, outcomes.get(hold.runId));
      } catch (error) {
        this.logger.warn(`the hold of run ${hold.runId} stays open for now: ${messageOf(error)}`);
      }
    }
  }

  /**
   * Before a model's next run is priced: what its earlier runs used is recorded now, though their events may still be on their way, since
   * the price depends on it. Throws SERVICE_UNAVAILABLE when models-api does not say what became of them.
   */
  async settleEarlier(model: { organizationId: OrganizationId; modelId: ModelId }, next: RunId | null): Promise<void> {
    const open = await this.database.read(model, (tx) => this.holds.listOpenOfModel(tx, model));
    const earlier = open.filter(({ runId }) => runId !== next);
    if (earlier.length === 0) return;
    const outcomes = await this.outcomes.of(earlier.map(({ runId }) => runId));
    for (const outcome of outcomes.filter(({ state }) => state !== 'live')) {
      const hold = earlier.find(({ runId }) => runId === outcome.run_id);
      if (hold) await this.settle(hold, outcome).catch(unlessPermanent);
    }
  }

  private async settle(hold: Hold, outcome: Outcome | undefined): Promise<void> {
    await this.database.runInTransaction({ organizationId: hold.organizationId }, async (tx) => {
      // Of a success too, and before it is recorded: one that cannot be would come first in every pass, and many of them alone.
      await this.holds.markChecked(tx, hold);
      if (outcome?.state === 'succeeded') return;
      if (outcome?.state === 'live') await this.holds.confirm(tx, hold);
      else if (outcome?.state === 'ended') await this.holds.release(tx, hold);
      // Of a deleted model nothing is known there any more: closing its runs ends the holds that were confirmed.
      else await this.holds.expire(tx, hold);
    });
    if (outcome?.state === 'succeeded') await this.usage.ensureRecorded(fromToldRun(outcome));
  }
}

/** A run that can never be recorded waits for an operator as a dead letter; its model's later runs do not. */
function unlessPermanent(error: unknown): void {
  if (!(error instanceof PermanentFailure)) throw error;
}
