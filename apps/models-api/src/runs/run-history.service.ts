import { Injectable } from '@nestjs/common';
import { isUuid, type ModelId, type OrganizationId } from '@attune/kernel';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { QueuePositionsService } from './queue-positions.service';
import type { RunRecord } from './run';
import { runNotFound } from './run.errors';
import { RunHistoryRepository } from './run-history.repository';

/** Runs of a model, as their owner looks back at them. */
@Injectable()
export class RunHistoryService {
  constructor(
    private readonly models: ModelsRepository,
    private readonly history: RunHistoryRepository,
    private readonly queue: QueuePositionsService,
  ) {}

  /** Throws MODEL_NOT_FOUND. */
  async list(
    organizationId: OrganizationId,
    modelId: ModelId | null,
    page: { offset: number; limit: number },
  ): Promise<{ total: number; runs: RunRecord[] }> {
    const { total, runs } = await this.history.list(organizationId, await this.known(organizationId, modelId), page);
    return { total, runs: await this.queue.fillRuns(organizationId, runs) };
  }

  /** Throws MODEL_NOT_FOUND, RUN_NOT_FOUND. */
  async get(organizationId: OrganizationId, modelId: ModelId | null, runId: string): Promise<RunRecord> {
    const known = await this.known(organizationId, modelId);
    const run = isUuid(runId) ? await this.history.find(organizationId, known, runId) : null;
    if (!run) throw runNotFound();
    const [filled = run] = await this.queue.fillRuns(organizationId, [run]);
    return filled;
  }

  private async known(organizationId: OrganizationId, modelId: ModelId | null): Promise<ModelId> {
    if (modelId === null || !(await this.models.find(organizationId, modelId))) throw modelNotFound();
    return modelId;
  }
}
