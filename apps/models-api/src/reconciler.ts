import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, Reconciler } from '@attune/database';
import { messageOf } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { LOGGER, OBJECT_STORE } from '@attune/service';
import type { ObjectStore } from '@attune/storage';
import { ArchivesService } from './archives/archives.service';
import { DataErasureService } from './data-items/data-erasure.service';
import { DataItemsService } from './data-items/data-items.service';
import { UploadsService } from './data-items/uploads.service';
import { IdempotencyService } from './idempotency/idempotency.service';
import { ModelErasureService } from './models/model-erasure.service';
import { RunCancellationsService } from './runs/run-cancellations.service';
import { ResumableUploadsService } from './resumable-uploads/resumable-uploads.service';
import { RunsService } from './runs/runs.service';
import { WebhooksService } from './webhooks/webhooks.service';

const EVERY_MS = 15_000;
/** Longer than any healthy answer takes; every repetition carries the id of the first event. */
const RUN_SILENCE_SECONDS = 60;
const CANCEL_SILENCE_SECONDS = 5;
const VERDICT_SILENCE_SECONDS = 120;
const ARCHIVE_SILENCE_SECONDS = 300;
const ERASURE_SILENCE_SECONDS = 60;
const ABANDONED_UPLOAD_SECONDS = 3600;
/** It looks at everything in the store. */
const STORE_EVERY_MS = 3_600_000;
/** Half of an object, of a process that died while it wrote. No write takes a day. */
const INCOMPLETE_WRITE_SECONDS = 24 * 3600;
/** Whoever asks for an erasure tries it at once; this is for what failed then. */
const DATA_ERASURE_SECONDS = 60;

/** One instance at a time derives from the database what events may have been lost and what crashes left behind. */
@Injectable()
export class ModelsReconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly reconciler: Reconciler;
  private readonly storeKeeper: Reconciler;

  constructor(
    database: Database,
    private readonly runs: RunsService,
    private readonly cancellations: RunCancellationsService,
    private readonly items: DataItemsService,
    private readonly uploads: UploadsService,
    private readonly erasure: ModelErasureService,
    private readonly dataErasure: DataErasureService,
    private readonly archives: ArchivesService,
    private readonly resumableUploads: ResumableUploadsService,
    @Inject(OBJECT_STORE) store: ObjectStore,
    private readonly idempotency: IdempotencyService,
    private readonly webhooks: WebhooksService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.reconciler = new Reconciler({
      database,
      name: 'models',
      everyMs: EVERY_MS,
      pass: (signal) => this.pass(signal),
      log: (message) => logger.warn(message),
    });
    this.storeKeeper = new Reconciler({
      database,
      name: 'models.store',
      everyMs: STORE_EVERY_MS,
      pass: async () => {
        await store.removeIncompleteUploads(INCOMPLETE_WRITE_SECONDS);
      },
      log: (message) => logger.warn(message),
    });
  }

  onApplicationBootstrap(): void {
    this.reconciler.start();
    this.storeKeeper.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.reconciler.stop(), this.storeKeeper.stop()]);
  }

  /** One failing task does not keep the others from their turn. */
  async pass(signal: AbortSignal): Promise<void> {
    const tasks = {
      runs: () => this.runs.requestUnheard(RUN_SILENCE_SECONDS),
      cancellations: () => this.cancellations.requestUnanswered(CANCEL_SILENCE_SECONDS),
      items: () => this.items.announceOverdue(VERDICT_SILENCE_SECONDS),
      uploads: () => this.uploads.sweepAbandoned(ABANDONED_UPLOAD_SECONDS, signal),
      idleArchives: () => this.archives.announceIdle(ARCHIVE_SILENCE_SECONDS),
      uselessArchives: () => this.archives.removeUseless(ABANDONED_UPLOAD_SECONDS, signal),
      resumableUploads: () => this.resumableUploads.removeExpired(signal),
      data: () => this.dataErasure.continueErasures(DATA_ERASURE_SECONDS, signal),
      webhooks: () => this.webhooks.sweepLog(signal),
      keys: () => this.idempotency.sweep(signal),
      erasures: () => this.erasure.continueErasures(ERASURE_SILENCE_SECONDS, signal),
    };
    const failed: string[] = [];
    for (const [name, task] of Object.entries(tasks)) {
      if (signal.aborted) return;
      try {
        await task();
      } catch (error) {
        failed.push(name);
        this.logger.warn(`reconciling ${name}: ${messageOf(error)}`);
      }
    }
    if (failed.length > 0) throw new Error(`not everything was done: ${failed.join(', ')}`);
  }
}
