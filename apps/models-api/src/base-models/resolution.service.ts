import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { ReplyOf } from '@attune/events';
import { AppError, fromModelKey, type ModelId, type OrganizationId } from '@attune/kernel';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { RunsRepository } from '../runs/runs.repository';
import { servingFiles } from './base-model';
import { BaseModelsService } from './base-models.service';

type Resolved = ReplyOf<'models.resolve'>;

/** Answers other services: which files to decode with, and which base a run trains from. */
@Injectable()
export class ResolutionService {
  constructor(
    private readonly database: Database,
    private readonly models: ModelsRepository,
    private readonly runs: RunsRepository,
    private readonly baseModels: BaseModelsService,
  ) {}

  /**
   * `model` is a base model's key or `custom_model_<id>`. Paths are relative to the serving folder. Throws MODEL_NOT_FOUND
   * for another organization's model and any other name, MODEL_NOT_READY for a model without a version: nobody is served
   * by another model than the one they named.
   */
  async resolve(organizationId: OrganizationId, model: string): Promise<Resolved> {
    const id = fromModelKey(model);
    return id === null ? this.resolveBaseModel(model) : this.resolveCustom(organizationId, id, model);
  }

  /** Throws NOT_FOUND. */
  async resolveBase(digest: string): Promise<ReplyOf<'models.resolve-base'>> {
    const { engine, languages, files } = await this.baseModels.getByDigest(digest);
    return { engine, languages, digest, files };
  }

  private async resolveBaseModel(key: string): Promise<Resolved> {
    const found = await this.baseModels.find(key);
    if (!found) throw modelNotFound();
    const { engine, languages, digest, files } = found.base;
    return { model: key, languages, engine, digest, files: servingFiles(files) };
  }

  private async resolveCustom(organizationId: OrganizationId, id: ModelId, model: string): Promise<Resolved> {
    return this.database.read({ organizationId }, async (tx) => {
      if (!(await this.models.read(tx, organizationId, id))) throw modelNotFound();
      const current = await this.runs.findCurrentVersion(tx, organizationId, id);
      if (!current) throw new AppError('MODEL_NOT_READY', `${model} has not been trained yet`);
      const { engine, digest, files } = current.version;
      return { model, languages: [current.language], engine, digest, files: servingFiles(files) };
    });
  }
}
