import { Injectable, Logger } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { messageOf, type ItemId, type ModelId, type OrganizationId } from '@attune/kernel';
import { Outbox, type Effect } from '@attune/messaging';
import { compareCorpus, compareItems, metricsOf } from './comparison';
import { DecodeReader } from './decode-reader';
import type { EvaluatedRun, Evaluation, TrainedRun, Verdict } from './evaluation';
import { toEventMetrics, toEventRun } from './evaluation.convert';
import { Unjudgeable } from './evaluation.errors';
import { EvaluationsRepository } from './evaluations.repository';

@Injectable()
export class EvaluationsService {
  private readonly logger = new Logger(EvaluationsService.name);

  constructor(
    private readonly evaluations: EvaluationsRepository,
    private readonly decodes: DecodeReader,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Compares the custom model with its base; what remains for the transaction is to keep the verdict and tell it. Asked again
   * about the same artifact, it tells the same verdict as a new event: whoever asks has lost the first.
   */
  async evaluateRun(run: TrainedRun): Promise<Effect> {
    const known = await this.evaluations.findVerdict(run);
    if (known) return (tx) => this.announce(tx, run, known);
    const evaluation = await this.judge(run);
    return async (tx) => {
      if (await this.evaluations.isErased(tx, run)) return;
      // Judging is a function of the two decodes: an evaluation that came in between says the same.
      await this.evaluations.insert(tx, run, run.language, evaluation);
      await this.announce(tx, run, evaluation);
    };
  }

  /** Removes what is known of a deleted model, and says so. */
  async eraseModel(tx: Tx, organizationId: OrganizationId, modelId: ModelId): Promise<void> {
    await this.evaluations.eraseModel(tx, organizationId, modelId);
    const scope = { organization_id: organizationId, model_id: modelId };
    await this.outbox.add(tx, 'evaluation.model-erased.v1', scope, { aggregateId: modelId, organizationId });
  }

  /** Removes what is known of a deleted pair. No run uses it any more: a live one would have kept it. */
  async eraseItem(tx: Tx, organizationId: OrganizationId, itemId: ItemId): Promise<void> {
    await this.evaluations.eraseItem(tx, organizationId, itemId);
  }

  private async judge(run: TrainedRun): Promise<Evaluation> {
    try {
      const base = await this.decodes.score(run.baseDecode, run.language);
      const custom = await this.decodes.score(run.customDecode, run.language);
      const items = compareItems(base, custom);
      const corpus = compareCorpus(items);
      return { metrics: metricsOf(corpus, run.evaluatedOn), corpus, items };
    } catch (error) {
      if (!(error instanceof Unjudgeable)) throw error;
      this.logger.warn(`run ${run.runId} cannot be evaluated: ${messageOf(error.cause ?? error)}`);
      return { failure: error.message };
    }
  }

  private async announce(tx: Tx, run: EvaluatedRun, verdict: Verdict): Promise<void> {
    const options = { aggregateId: run.runId, organizationId: run.organizationId };
    const event = toEventRun(run);
    if ('failure' in verdict) {
      await this.outbox.add(tx, 'evaluation.failed.v1', { ...event, message: verdict.failure }, options);
    } else {
      await this.outbox.add(
        tx,
        'evaluation.completed.v1',
        { ...event, metrics: toEventMetrics(verdict.metrics) },
        options,
      );
    }
  }
}
