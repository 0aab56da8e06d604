import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ItemId, ModelId, OrganizationId } from '@attune/kernel';
import { noteStale, Outbox } from '@attune/messaging';
import { statusAfter } from '../models/model';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import type { DataSummary, NormalizedPair, Rejection } from './data-item';
import { DataItemsRepository } from './data-items.repository';

const BATCH = 500;

interface ItemRef {
  organizationId: OrganizationId;
  modelId: ModelId;
  id: ItemId;
}

/** Items after their upload: ingestion's verdicts, and what of them a client may count. */
@Injectable()
export class DataItemsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
  ) {}

  /** Throws MODEL_NOT_FOUND. */
  async summarize(organizationId: OrganizationId, id: ModelId | null): Promise<DataSummary> {
    if (id === null) throw modelNotFound();
    return this.database.read({ organizationId }, async (tx) => {
      if (!(await this.models.read(tx, organizationId, id))) throw modelNotFound();
      return this.items.summarize(tx, organizationId, id);
    });
  }

  /** A verdict on an item that is gone, or has one, changes nothing. */
  async acceptPair(tx: Tx, item: ItemRef, pair: NormalizedPair): Promise<void> {
    if (!(await this.items.markValidated(tx, item, pair))) noteStale('ingestion.data-validated.v1');
  }

  /** A model whose last training pair is refused waits for data again. */
  async rejectPair(tx: Tx, item: ItemRef, rejection: Rejection): Promise<void> {
    const model = await this.models.lock(tx, item.organizationId, item.modelId);
    if (!model || !(await this.items.markRejected(tx, item, rejection))) {
      noteStale('ingestion.data-rejected.v1');
      return;
    }
    const next = statusAfter(model.status, 'trainingDataGone');
    if (next !== null && !(await this.items.hasTrainingPair(tx, model.id))) {
      await this.models.move(tx, model, model.status, next);
    }
  }

  /** Tells ingestion again of items that wait for their verdict for `seconds`: the broker may have lost the event. */
  async announceOverdue(seconds: number): Promise<number> {
    return this.database.runInTransaction('system', async (tx) => {
      const ids = await this.items.takeOverdue(tx, seconds, BATCH);
      for (const id of ids) await this.outbox.askAgain(tx, 'models.data-uploaded.v1', id);
      return ids.length;
    });
  }
}
