import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import { OBJECT_STORE } from '@attune/service';
import { isSnapshotKey, modelPrefix, type ObjectStore } from '@attune/storage';
import { ArchivesRepository } from '../archives/archives.repository';
import { RunOutcomesRepository } from '../costs/run-outcomes.repository';
import { DataErasureRepository } from '../data-items/data-erasure.repository';
import { DataItemsRepository } from '../data-items/data-items.repository';
import { UploadsRepository } from '../data-items/uploads.repository';
import { RunsRepository } from '../runs/runs.repository';
import type { ErasureService } from './erasure';
import { ErasureRepository, type ModelRef } from './erasure.repository';
import { modelBusy, modelNotFound } from './model.errors';
import { ModelsRepository } from './models.repository';

const BATCH = 100;
const DELETIONS_AT_ONCE = 32;

/**
 * Deletes models: gone for their owner in one transaction, then erased by a checklist with one idempotent step a service.
 * This service's own step is ticked last, when nobody can write anything of the model any more; billing's record stays.
 */
@Injectable()
export class ModelErasureService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly models: ModelsRepository,
    private readonly erasure: ErasureRepository,
    private readonly items: DataItemsRepository,
    private readonly dataErasures: DataErasureRepository,
    private readonly archives: ArchivesRepository,
    private readonly uploads: UploadsRepository,
    private readonly runs: RunsRepository,
    private readonly outcomes: RunOutcomesRepository,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
  ) {}

  /** Throws MODEL_NOT_FOUND, or MODEL_BUSY while a run is live. */
  async deleteModel(organizationId: OrganizationId, id: ModelId | null): Promise<void> {
    if (id === null) throw modelNotFound();
    const model: ModelRef = { id, organizationId };
    await this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.models.lock(tx, organizationId, id))) throw modelNotFound();
      if (await this.runs.hasLive(tx, id)) throw modelBusy();
      await this.models.markDeleted(tx, organizationId, id);
      await this.erasure.insertSteps(tx, model);
      const succeeded = await this.outcomes.listSucceeded(tx, organizationId, id);
      // Nothing is left to charge: no snapshot has to stay.
      if (succeeded.length === 0) await this.erasure.tick(tx, model, 'billing');
      await this.outbox.add(
        tx,
        'models.model-deleted.v1',
        { organization_id: organizationId, model_id: id },
        { aggregateId: id },
      );
      await this.outbox.add(
        tx,
        'models.runs-closed.v1',
        { organization_id: organizationId, model_id: id, succeeded },
        { aggregateId: id },
      );
    });
    // The reconciler finishes what fails here: for its owner the model is gone already.
    await this.eraseOwn(model).catch(() => undefined);
  }

  /** Another service has nothing left of the model. */
  async tick(tx: Tx, model: ModelRef, service: ErasureService): Promise<void> {
    await this.erasure.tick(tx, model, service);
  }

  /** One pass over all unfinished erasures; services that owe their step for `seconds` are asked again, ever more rarely. */
  async continueErasures(seconds: number, signal: AbortSignal): Promise<void> {
    // Page by page to the end: however many wait for others, the newest has its turn too.
    for (let page = await this.unfinishedAfter(0); ; page = await this.unfinishedAfter(page.last)) {
      for (const model of page.models) {
        if (signal.aborted) return;
        await this.askAgain(model, seconds);
        await this.eraseOwn(model);
      }
      if (page.models.length < BATCH) return;
    }
  }

  private async unfinishedAfter(after: number): Promise<{ models: ModelRef[]; last: number }> {
    const models = await this.database.read('system', (tx) => this.erasure.listUnfinished(tx, after, BATCH));
    return { models, last: models.at(-1)?.id ?? after };
  }

  /** Only what somebody still owes: closed runs are up to a thousand in one event, and the stream keeps each for days. */
  private async askAgain(model: ModelRef, seconds: number): Promise<void> {
    await this.database.runInTransaction(model, async (tx) => {
      const silent = await this.erasure.takeOverdue(tx, model, seconds);
      if (silent.includes('billing')) await this.outbox.askAgain(tx, 'models.runs-closed.v1', model.id);
      if (silent.some((service) => service !== 'billing'))
        await this.outbox.askAgain(tx, 'models.model-deleted.v1', model.id);
    });
  }

  /** Rows and objects, every time; the tick only when nobody can bring anything of the model any more. */
  private async eraseOwn(model: ModelRef): Promise<void> {
    const { isLast, isCharged } = await this.database.runInTransaction(model, async (tx) => {
      await this.items.deleteOfModel(tx, model.id);
      await this.dataErasures.deleteOfModel(tx, model.id);
      await this.archives.deleteOfModel(tx, model.id);
      await this.runs.deleteOfModel(tx, model.id);
      await this.erasure.blank(tx, model);
      const isReceiving =
        (await this.uploads.isReceiving(tx, model.id)) || (await this.archives.isActive(tx, model.id));
      return {
        isLast: (await this.erasure.isOnlyOwnLeft(tx, model)) && !isReceiving,
        isCharged: await this.erasure.isDone(tx, model, 'billing'),
      };
    });
    const prefix = modelPrefix({ organizationId: model.organizationId, modelId: model.id });
    if (isCharged) await this.store.deletePrefix(prefix);
    else await this.eraseAllButSnapshots(prefix);
    if (isLast) await this.database.runInTransaction(model, (tx) => this.erasure.tick(tx, model, 'models'));
  }

  /** Snapshots hold ids, hashes and durations, nothing that was said; billing reads what its runs used from them. */
  private async eraseAllButSnapshots(prefix: string): Promise<void> {
    let batch: Promise<void>[] = [];
    for await (const { key } of this.store.list(prefix)) {
      if (isSnapshotKey(key)) continue;
      batch.push(this.store.delete(key));
      if (batch.length < DELETIONS_AT_ONCE) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
  }
}
