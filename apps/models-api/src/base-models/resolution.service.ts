import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { ReplyOf } from '@attune/events';
import { AppError, fromModelName, type OrganizationId } from '@attune/kernel';
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
   * `model` is a base model's key, `custom_model_<id>` or `custom_model_<id>@<version>`. Paths are relative to the serving folder. Throws MODEL_NOT_FOUND
   * for another organization's model, a version that is not there and any other name, MODEL_NOT_READY for a model without a version: nobody is served
   * by another model than the one they named.
   */
  async resolve(organizationId: OrganizationId, model: string): Promise<Resolved> {
    const named = fromModelName(model);
    return named === null ? this.resolveBaseModel(model) : this.resolveCustom(organizationId, named, model);
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

  private async resolveCustom(
    organizationId: OrganizationId,
    { id, version }: NonNullable<ReturnType<typeof fromModelName>>,
    model: string,
  ): Promise<Resolved> {
    return this.database.read({ organizationId }, async (tx) => {
      if (!(await this.models.read(tx, organizationId, id))) throw modelNotFound();
      const found = await this.runs.findVersion(tx, organizationId, id, version);
      if (!found && version !== null) throw modelNotFound();
      if (!found) throw new AppError('MODEL_NOT_READY', `${model} has not been trained yet`);
      const { engine, digest, files } = found.version;
      return { model, languages: [found.language], engine, digest, files: servingFiles(files) };
    });
  }
}
