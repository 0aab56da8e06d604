import { Injectable } from '@nestjs/common';
import type { ReplyOf } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';

/** The trainer's log of a model's runs. Throws SERVICE_UNAVAILABLE when it does not answer in time. */
export abstract class TrainingLog {
  abstract list(
    organizationId: OrganizationId,
    modelId: ModelId,
    page: { offset: number; limit: number },
  ): Promise<ReplyOf<'training.list-log'>>;
}

@Injectable()
export class TrainingLogService {
  constructor(
    private readonly models: ModelsRepository,
    private readonly log: TrainingLog,
  ) {}

  /** Throws MODEL_NOT_FOUND before the trainer is asked. */
  async list(
    organizationId: OrganizationId,
    id: ModelId | null,
    page: { offset: number; limit: number },
  ): Promise<ReplyOf<'training.list-log'>> {
    if (id === null || !(await this.models.find(organizationId, id))) throw modelNotFound();
    return this.log.list(organizationId, id, page);
  }
}
