import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@attune/database';
import { Outbox } from '@attune/messaging';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { RetellingRepository } from './retelling.repository';

/**
 * Sends the last events of runs and models again, under their own ids: whoever has handled them drops them, and whoever lost them with the
 * broker's memory still hears them. Nobody confirms these events, so they are told for a week, ever more rarely.
 */
@Injectable()
export class RetellingService {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly retelling: RetellingRepository,
    @Inject(TRAINER_SETTINGS) private readonly settings: TrainerSettings,
  ) {}

  async tellAgain(): Promise<void> {
    await this.database.runInTransaction('system', async (tx) => {
      for (const runId of await this.retelling.takeEndedRuns(tx, this.settings.evaluationReminderMs)) {
        await this.outbox.republish(tx, { name: 'training.run-succeeded.v1', aggregateId: runId });
        await this.outbox.republish(tx, { name: 'training.run-failed.v1', aggregateId: runId });
        await this.outbox.republish(tx, { name: 'training.run-cancelled.v1', aggregateId: runId });
      }
      for (const modelId of await this.retelling.takeErasedModels(tx, this.settings.evaluationReminderMs)) {
        await this.outbox.republish(tx, { name: 'training.model-erased.v1', aggregateId: modelId });
      }
    });
  }
}
