import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { BaseModelsService } from '../base-models/base-models.service';
import { QueuePositionsService } from '../runs/queue-positions.service';
import { LimitsService } from '../limits/limits.service';
import type { Model, ModelFilter, NewModel } from './model';
import { modelNotFound, unsupportedLanguage } from './model.errors';
import { ModelsRepository } from './models.repository';

/** Creates, finds and describes custom models. Uploads, runs and deletion are their own nouns. */
@Injectable()
export class ModelsService {
  constructor(
    private readonly database: Database,
    private readonly models: ModelsRepository,
    private readonly baseModels: BaseModelsService,
    private readonly queue: QueuePositionsService,
    private readonly limits: LimitsService,
  ) {}

  /**
   * Throws UNSUPPORTED_LANGUAGE when the base behind the key does not know the language, PLAN_UPGRADE_REQUIRED or
   * MODEL_LIMIT_EXCEEDED when the plan has no room for it, RATE_LIMIT_EXCEEDED when too many were created within the hour.
   */
  async create(model: NewModel): Promise<Model> {
    const { organizationId } = model;
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      const languages = await this.baseModels.languagesOf(tx, model.baseModel);
      if (!languages.includes(model.language)) throw unsupportedLanguage(model.language, model.baseModel, languages);
      await this.limits.checkModelQuota(tx, organizationId);
      const id = await this.models.insert(tx, model);
      await this.limits.take(tx, organizationId, 'model_creations_per_hour', String(id));
      return found(await this.models.read(tx, organizationId, id));
    });
  }

  /** Throws MODEL_NOT_FOUND; a null id is one that could not be a model's. */
  async get(organizationId: OrganizationId, id: ModelId | null): Promise<Model> {
    const model = found(id === null ? null : await this.models.find(organizationId, id));
    const [filled = model] = await this.queue.fillModels(organizationId, [model]);
    return filled;
  }

  async list(
    organizationId: OrganizationId,
    filter: ModelFilter,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; models: Model[] }> {
    const { total, models } = await this.models.list(organizationId, filter, page);
    return { total, models: await this.queue.fillModels(organizationId, models) };
  }

  /** Throws MODEL_NOT_FOUND. */
  async describe(
    organizationId: OrganizationId,
    id: ModelId | null,
    change: { name?: string | undefined; description?: string | null | undefined },
  ): Promise<Model> {
    if (id === null) throw modelNotFound();
    return this.database.runInTransaction({ organizationId }, async (tx) => {
      if (!(await this.models.describe(tx, organizationId, id, change))) throw modelNotFound();
      return found(await this.models.read(tx, organizationId, id));
    });
  }
}

function found(model: Model | null): Model {
  if (!model) throw modelNotFound();
  return model;
}
