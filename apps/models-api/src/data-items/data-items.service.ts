import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { noteStale, Outbox } from '@attune/messaging';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { RunItemsRepository } from '../runs/run-items.repository';
import { modelFacts } from '../webhooks/webhook-data';
import { WebhookEventsService } from '../webhooks/webhook-events.service';
import type { DataFilter, DataItem, DataOverview, ItemRef, NormalizedPair, Rejection } from './data-item';
import { dataNotFound } from './data-item.errors';
import { DataItemsRepository } from './data-items.repository';
import { DataListRepository } from './data-list.repository';
import { ReadinessService } from './readiness.service';

const BATCH = 500;

/** Items after their upload: ingestion's verdicts, and what of them a client may count. */
@Injectable()
export class DataItemsService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
    private readonly dataList: DataListRepository,
    private readonly readiness: ReadinessService,
    private readonly runItems: RunItemsRepository,
    private readonly webhooks: WebhookEventsService,
  ) {}

  /** Throws MODEL_NOT_FOUND. */
  async summarize(organizationId: OrganizationId, id: ModelId | null): Promise<DataOverview> {
    if (id === null) throw modelNotFound();
    return this.database.read({ organizationId }, async (tx) => {
      if (!(await this.models.read(tx, organizationId, id))) throw modelNotFound();
      const summary = await this.items.summarize(tx, organizationId, id);
      return { ...summary, versionsOnDeletedData: await this.runItems.countGone(tx, id) };
    });
  }

  /** Throws MODEL_NOT_FOUND, DATA_NOT_FOUND. */
  async get(ref: ItemRef): Promise<DataItem> {
    return this.database.read(ref, async (tx) => {
      if (!(await this.models.read(tx, ref.organizationId, ref.modelId))) throw modelNotFound();
      const item = await this.dataList.find(tx, ref);
      if (!item) throw dataNotFound();
      return item;
    });
  }

  /** Newest first. Throws MODEL_NOT_FOUND. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId | null,
    filter: DataFilter,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; items: DataItem[] }> {
    if (modelId === null) throw modelNotFound();
    return this.database.read({ organizationId }, async (tx) => {
      if (!(await this.models.read(tx, organizationId, modelId))) throw modelNotFound();
      return this.dataList.list(tx, { organizationId, modelId }, filter, page);
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
    await this.webhooks.tell(tx, item.organizationId, 'data.rejected', {
      ...modelFacts(item.modelId),
      data_id: item.id,
      code: rejection.code,
      message: rejection.message,
    });
    await this.readiness.settle(tx, model);
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
