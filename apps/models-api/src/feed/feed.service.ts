import { Injectable } from '@nestjs/common';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { fromLevel, type FeedEvent, type FeedPosition, type Level } from './feed';

export interface FeedRequest {
  after: FeedPosition;
  levels: readonly Level[];
  limit: number;
  withTotal: boolean;
}

/** The trainer's feed of a model's runs. Throws SERVICE_UNAVAILABLE when it does not answer in time. */
export abstract class TrainingFeed {
  abstract list(
    organizationId: OrganizationId,
    modelId: ModelId,
    request: FeedRequest,
  ): Promise<{ total: number | null; events: FeedEvent[] }>;
}

/** What happened in a model's runs, a page at a time. */
@Injectable()
export class FeedService {
  constructor(
    private readonly models: ModelsRepository,
    private readonly feed: TrainingFeed,
  ) {}

  /** Throws MODEL_NOT_FOUND before the trainer is asked. */
  async page(
    organizationId: OrganizationId,
    id: ModelId,
    { after, level, limit }: { after: FeedPosition; level: Level; limit: number },
  ): Promise<{ total: number; events: FeedEvent[] }> {
    if (!(await this.models.find(organizationId, id))) throw modelNotFound();
    const request = { after, levels: fromLevel(level), limit, withTotal: true };
    const { total, events } = await this.feed.list(organizationId, id, request);
    return { total: total ?? 0, events };
  }
}
