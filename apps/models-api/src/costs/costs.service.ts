import { Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import type { Quote, ReplyOf } from '@attune/events';
import type { ModelId, OrganizationId } from '@attune/kernel';
import { modelNotFound } from '../models/model.errors';
import { ModelsRepository } from '../models/models.repository';
import { Billing, type UsageFilter } from './billing';
import { PastRunsRepository, type Pace } from './past-runs.repository';
import { extentOf, TrainingAudioRepository } from './training-audio.repository';

/** Fewer runs on one base say less than more runs on any. */
const ENOUGH_RUNS = 3;

export interface Estimate {
  modelId: ModelId;
  distinctMs: number;
  quote: Quote;
  /** Null without a past run. `baseModel` null: of runs on any base. */
  pace: (Pace & { baseModel: string | null }) | null;
}

/** What training has cost, and what it would cost. */
@Injectable()
export class CostsService {
  constructor(
    private readonly database: Database,
    private readonly models: ModelsRepository,
    private readonly audio: TrainingAudioRepository,
    private readonly pastRuns: PastRunsRepository,
    private readonly billing: Billing,
  ) {}

  /** Throws MODEL_NOT_FOUND, and SERVICE_UNAVAILABLE when billing does not answer. */
  async estimate(organizationId: OrganizationId, id: ModelId | null): Promise<Estimate> {
    const model = id === null ? null : await this.models.find(organizationId, id);
    if (!model) throw modelNotFound();
    const place = { organizationId, modelId: model.id };
    const recordings = await this.database.read({ organizationId }, (tx) => this.audio.list(tx, place));
    const newMs = await this.billing.measureNew(place, recordings);
    return {
      modelId: model.id,
      distinctMs: extentOf(recordings).distinctMs,
      quote: await this.billing.quote(place, newMs),
      pace: await this.paceOf(model.baseModel),
    };
  }

  listUsage(filter: UsageFilter, page: { offset: number; limit: number }): Promise<ReplyOf<'billing.list-usage'>> {
    return this.billing.listUsage(filter, page);
  }

  private async paceOf(baseModel: string): Promise<Estimate['pace']> {
    return this.database.read('system', async (tx) => {
      const same = await this.pastRuns.pace(tx, baseModel);
      if (same && same.runs >= ENOUGH_RUNS) return { ...same, baseModel };
      const any = await this.pastRuns.pace(tx, null);
      return any && { ...any, baseModel: null };
    });
  }
}
