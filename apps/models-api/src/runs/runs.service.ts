import { Injectable } from '@nestjs/common';
import { CommitOutcomeUnknown, Database, type Tx } from '@attune/database';
import { newId, type ModelId, type OrganizationId, type RunId } from '@attune/kernel';
import { Outbox } from '@attune/messaging';
import type { RunPlace } from '@attune/storage';
import { BaseModelsService } from '../base-models/base-models.service';
import { DataItemsRepository } from '../data-items/data-items.repository';
import type { AudioExtent } from '../costs/training-audio.repository';
import { RunHoldsService } from '../costs/run-holds.service';
import { Effects } from '../idempotency/effects';
import { LimitsService } from '../limits/limits.service';
import { modelStatus, statusAfter, type Model, type ModelStatus } from '../models/model';
import { modelBusy, modelNotFound } from '../models/model.errors';
import { ModelsRepository, type LockedModel } from '../models/models.repository';
import { OrganizationsRepository } from '../organizations/organizations.repository';
import { checkEntitlements, checkTrainingData, type RequestedRun, type RunData } from './run';
import { RunItemsRepository } from './run-items.repository';
import { RunsRepository } from './runs.repository';
import { runFacts } from '../webhooks/webhook-data';
import { WebhookEventsService } from '../webhooks/webhook-events.service';
import { SnapshotWriter } from './snapshot.writer';

/** Asks for runs: everything that decides whether one may start is checked and frozen in one transaction. */
@Injectable()
export class RunsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly organizations: OrganizationsRepository,
    private readonly baseModels: BaseModelsService,
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
    private readonly runs: RunsRepository,
    private readonly runItems: RunItemsRepository,
    private readonly snapshots: SnapshotWriter,
    private readonly limits: LimitsService,
    private readonly webhooks: WebhookEventsService,
    private readonly holds: RunHoldsService,
    private readonly effects: Effects,
  ) {}

  /**
   * Freezes the model's data and asks the trainer for a run. Throws MODEL_NOT_FOUND, MODEL_BUSY, PLAN_UPGRADE_REQUIRED,
   * MODEL_NOT_READY (no data, or items still processing), INSUFFICIENT_DATA, RATE_LIMIT_EXCEEDED, COST_LIMIT_EXCEEDED (it
   * would cost more than `maxCostCents`), and SERVICE_UNAVAILABLE when billing does not answer: what costs money does not start without it.
   * The retry of a request whose run was started and that broke off before its answer starts and holds nothing.
   */
  async requestRun(
    organizationId: OrganizationId,
    id: ModelId | null,
    maxCostCents: number | null = null,
  ): Promise<Model> {
    if (id === null) throw modelNotFound();
    if (this.effects.earlier !== null) return found(await this.models.find(organizationId, id));
    const place: RunPlace = { organizationId, modelId: id, runId: newId<RunId>() };
    // What is refused anyhow is refused before money is spoken of; the transaction decides.
    await this.database.read({ organizationId }, async (tx) =>
      this.check(tx, place, await this.models.read(tx, organizationId, id)),
    );
    const priced = await this.holds.place(place, maxCostCents);
    try {
      return await this.database.runInTransaction({ organizationId }, (tx) => this.request(tx, place, priced));
    } catch (error) {
      if (!(error instanceof CommitOutcomeUnknown)) await this.undo(place);
      throw error;
    }
  }

  /** Neither a snapshot nor a hold is of use without a run; after a lost commit nobody knows, and others find out. */
  private async undo(place: RunPlace): Promise<void> {
    await Promise.all([this.snapshots.remove(place).catch(() => undefined), this.holds.release(place)]);
  }

  private async request(tx: Tx, place: RunPlace, priced: AudioExtent): Promise<Model> {
    const { organizationId, modelId } = place;
    const model = await this.models.lock(tx, organizationId, modelId);
    const data = await this.check(tx, place, model);
    if (!model) throw modelNotFound();
    await this.holds.checkUnchanged(tx, place, priced);
    const { base, accelerator } = await this.baseModels.get(tx, model.baseModel);
    const run = await this.freeze(tx, place, model, { baseDigest: base.digest, trainingMs: data.train.audioMs });
    await this.start(tx, model, run, accelerator);
    await this.effects.record(tx, run.id);
    return found(await this.models.read(tx, organizationId, modelId));
  }

  /** Throws when no run of the model may start; answers the data that it would have. */
  private async check(tx: Tx, place: RunPlace, model: { status: ModelStatus } | null): Promise<RunData> {
    if (!model) throw modelNotFound();
    if (model.status === modelStatus.running) throw modelBusy();
    const entitlements = await this.organizations.entitlementsOf(tx, place.organizationId);
    checkEntitlements(entitlements);
    const data = await this.items.summarize(tx, place.organizationId, place.modelId);
    checkTrainingData(data, entitlements.minimumTrainingMs);
    await this.limits.check(tx, place.organizationId, 'training_starts_per_hour');
    return data;
  }

  /** The snapshot is in the store before the run is in the database: an event never points to nothing. */
  private async freeze(
    tx: Tx,
    place: RunPlace,
    model: LockedModel,
    fixed: Pick<RequestedRun, 'baseDigest' | 'trainingMs'>,
  ): Promise<RequestedRun> {
    const snapshot = await this.snapshots.write(place, this.items.readyItems(tx, model.id));
    return {
      id: place.runId,
      organizationId: place.organizationId,
      modelId: model.id,
      snapshotKey: snapshot.key,
      snapshotSha256: snapshot.sha256,
      baseModel: model.baseModel,
      language: model.language,
      ...fixed,
    };
  }

  private async start(tx: Tx, model: LockedModel, run: RequestedRun, accelerator: string | null): Promise<void> {
    const next = statusAfter(model.status, 'runRequested') ?? modelStatus.running;
    await this.limits.take(tx, run.organizationId, 'training_starts_per_hour', run.id);
    await this.runs.insert(tx, run);
    await this.runItems.insertReady(tx, run);
    await this.models.move(tx, model, model.status, next, { lastRunId: run.id });
    await this.webhooks.tell(tx, run.organizationId, 'run.started', runFacts(run));
    await this.outbox.add(
      tx,
      'models.run-requested.v2',
      {
        organization_id: run.organizationId,
        model_id: run.modelId,
        run_id: run.id,
        snapshot_key: run.snapshotKey,
        snapshot_sha256: run.snapshotSha256,
        base_model: run.baseModel,
        base_digest: run.baseDigest,
        language: run.language,
        training_ms: run.trainingMs,
        accelerator,
      },
      { aggregateId: run.id },
    );
  }

  /** Asks again for live runs that nobody has spoken of for `seconds`: the broker may have lost the event. */
  async requestUnheard(seconds: number): Promise<number> {
    return this.database.runInTransaction('system', async (tx) => {
      const ids = await this.runs.takeUnheard(tx, seconds);
      for (const id of ids) {
        // One of the two is there: v1 where the run was asked for before this version.
        await this.outbox.askAgain(tx, 'models.run-requested.v1', id);
        await this.outbox.askAgain(tx, 'models.run-requested.v2', id);
      }
      return ids.length;
    });
  }
}

function found(model: Model | null): Model {
  if (!model) throw modelNotFound();
  return model;
}
