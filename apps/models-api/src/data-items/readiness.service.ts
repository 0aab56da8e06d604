import { Injectable } from '@nestjs/common';
import type { Tx } from '@attune/database';
import { statusAfter, type ModelStatus } from '../models/model';
import { ModelsRepository, type LockedModel } from '../models/models.repository';
import { DataItemsRepository } from './data-items.repository';

/** Keeps a model's status 1 and 2 in step with its training data; 3, 4 and 5 are left as they are. */
@Injectable()
export class ReadinessService {
  constructor(
    private readonly models: ModelsRepository,
    private readonly items: DataItemsRepository,
  ) {}

  /** Call it under the model's lock, after its items have changed. Answers the status from now on. */
  async settle(tx: Tx, model: LockedModel): Promise<ModelStatus> {
    const event = (await this.items.hasTrainingPair(tx, model.id)) ? 'trainingDataStored' : 'trainingDataGone';
    const next = statusAfter(model.status, event);
    if (next === null) return model.status;
    await this.models.move(tx, model, model.status, next);
    return next;
  }
}
