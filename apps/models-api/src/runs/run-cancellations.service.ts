import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { noteStale, Outbox } from '@attune/messaging';
import { DataItemsRepository } from '../data-items/data-items.repository';
import { modelStatus, statusAfterCancel, type Model } from '../models/model';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { runFacts } from '../webhooks/webhook-data';
import { WebhookEventsService } from '../webhooks/webhook-events.service';
import { CancellationsRepository } from './cancellations.repository';
import { nothingToCancel } from './run.errors';
import type { RunRef } from './run-results.service';
import { RunsRepository } from './runs.repository';

/** Asks the trainer to end runs, and takes in that it has. Which end a run has is the trainer's to decide. */
@Injectable()
export class RunCancellationsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
    private readonly runs: RunsRepository,
    private readonly cancellations: CancellationsRepository,
    private readonly webhooks: WebhookEventsService,
  ) {}

  /**
   * Asks for the end of the model's live run. Asking again changes nothing, while it ends and afterwards. Throws MODEL_NOT_FOUND,
   * and MODEL_NOT_READY when no run is live and the last one was never asked to end.
   */
  async cancelRun(organizationId: OrganizationId, id: ModelId | null): Promise<Model> {
    if (id === null) throw modelNotFound();
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.models.lock(tx, organizationId, id))) throw modelNotFound();
      const newest = await this.cancellations.findNewest(tx, id);
      if (!newest || (newest.state !== 'live' && !newest.isCancelRequested)) throw nothingToCancel();
      if (newest.state === 'live' && !newest.isCancelRequested) {
        await this.cancellations.markRequested(tx, newest.id);
        const payload = { organization_id: organizationId, model_id: id, run_id: newest.id };
        await this.outbox.add(tx, 'models.run-cancel-requested.v1', payload, { aggregateId: newest.id });
      }
      const model = await this.models.read(tx, organizationId, id);
      if (!model) throw modelNotFound();
      return model;
    });
  }

  /** The trainer says that the run has ended so. One that has ended already, or a deleted model, changes nothing. */
  async finish(tx: Tx, run: RunRef): Promise<void> {
    const model = await this.models.lock(tx, run.organizationId, run.modelId);
    if (!model || !(await this.cancellations.cancel(tx, run))) {
      noteStale('training.run-cancelled.v1');
      return;
    }
    const current = await this.runs.findVersion(tx, run.organizationId, run.modelId, null);
    const hasTrainingData = await this.items.hasTrainingPair(tx, run.modelId);
    const next = statusAfterCancel({ hasVersion: current !== null, hasTrainingData });
    // A model that is trained shows the run that made its version, not the one that came to nothing.
    await this.models.move(tx, model, modelStatus.running, next, current ? { lastRunId: current.version.runId } : {});
    await this.webhooks.tell(tx, run.organizationId, 'run.cancelled', runFacts(run));
  }

  /** Asks again about runs that were asked to end more than `seconds` ago: the broker may have lost the event, or its answer. */
  async requestUnanswered(seconds: number): Promise<number> {
    return this.database.runInTransaction('system', async (tx) => {
      const ids = await this.cancellations.listUnanswered(tx, seconds);
      for (const id of ids) await this.outbox.askAgain(tx, 'models.run-cancel-requested.v1', id);
      return ids.length;
    });
  }
}
