import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, Reconciler } from '@attune/database';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { RunAnnouncements } from '../runs/run-announcements';
import { RunCancellationsService } from '../runs/run-cancellations.service';
import { RunsRepository } from '../runs/runs.repository';
import { DeliveriesService } from '../runners/deliveries.service';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { GarbageService } from './garbage.service';
import { LostStartsService } from './lost-starts.service';
import { RetellingService } from './retelling.service';

/** Derives from the database alone what crashes and lost messages have left undone. One instance at a time; every action may be repeated. */
@Injectable()
export class ReconcilerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly reconciler: Reconciler;

  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly lostStarts: LostStartsService,
    private readonly cancellations: RunCancellationsService,
    private readonly deliveries: DeliveriesService,
    private readonly announcements: RunAnnouncements,
    private readonly garbage: GarbageService,
    private readonly retelling: RetellingService,
    @Inject(TRAINER_SETTINGS) private readonly settings: TrainerSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.reconciler = new Reconciler({
      database,
      name: 'training',
      everyMs: settings.reconcileEveryMs,
      pass: (signal) => this.pass(signal),
      log: (message) => logger.warn(message),
    });
  }

  onApplicationBootstrap(): void {
    this.reconciler.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.reconciler.stop();
  }

  /** One pass. Stops between two steps when the leadership is lost. */
  async pass(signal: AbortSignal): Promise<void> {
    const steps = [
      () => this.lostStarts.takeBack(),
      () => this.cancellations.confirmAbandoned(),
      () => this.verifyDelivered(),
      () => this.remindEvaluator(),
      () => this.retelling.tellAgain(),
      () => this.garbage.collect(),
    ];
    for (const step of steps) {
      if (signal.aborted) return;
      await step();
    }
  }

  private async verifyDelivered(): Promise<void> {
    for (const run of await this.runs.listUnverified()) await this.deliveries.verify(run.runId);
  }

  /** The event, or its answer, may be lost with the broker: it is sent again under a new id until an answer comes. */
  private async remindEvaluator(): Promise<void> {
    await this.database.runInTransaction('system', async (tx) => {
      for (const run of await this.runs.takeWaitingForEvaluation(tx, this.settings.evaluationReminderMs)) {
        await this.announcements.trained(tx, run);
      }
    });
  }
}
