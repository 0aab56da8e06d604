import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, Reconciler } from '@attune/database';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { AttemptsService } from '../runs/attempts.service';
import { RunAnnouncements } from '../runs/run-announcements';
import { reasons } from '../runs/run-reasons';
import { RunsRepository } from '../runs/runs.repository';
import { DeliveriesService } from '../runners/deliveries.service';
import { TRAINER_SETTINGS, type TrainerSettings } from '../settings';
import { GarbageService } from './garbage.service';
import { RetellingService } from './retelling.service';

/** Derives from the database alone what crashes and lost messages have left undone. One instance at a time; every action may be repeated. */
@Injectable()
export class ReconcilerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly reconciler: Reconciler;

  constructor(
    private readonly database: Database,
    private readonly runs: RunsRepository,
    private readonly attempts: AttemptsService,
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
      () => this.takeBackLost(),
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

  /** Silent runners lose their runs; starts that were never claimed are given up. */
  private async takeBackLost(): Promise<void> {
    for (const lost of await this.runs.listLost()) {
      await this.database.runInTransaction('system', async (tx) => {
        const run = await this.runs.lock(tx, lost.runId);
        if (run?.state !== lost.state || run.delivery || !(await this.runs.isLost(tx, lost))) return;
        const message = run.state === 'queued' ? reasons.neverStarted : reasons.silent;
        await this.attempts.endAttempt(tx, run, { kind: 'failed', message });
      });
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
