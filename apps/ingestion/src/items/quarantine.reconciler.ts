import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, Reconciler } from '@attune/database';
import { ItemsService } from './items.service';

const EVERY_MS = 5_000;
const BATCH = 200;

/** Empties the quarantine of pairs that have their verdict. One instance at a time; every removal may be repeated. */
@Injectable()
export class QuarantineReconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly reconciler: Reconciler;

  constructor(database: Database, items: ItemsService) {
    const logger = new Logger(QuarantineReconciler.name);
    this.reconciler = new Reconciler({
      database,
      name: 'ingestion-quarantine',
      everyMs: EVERY_MS,
      pass: async (signal) => {
        while (!signal.aborted && (await items.removeUploads(BATCH, signal)) === BATCH);
      },
      log: (message) => logger.warn(message),
    });
  }

  onApplicationBootstrap(): void {
    this.reconciler.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.reconciler.stop();
  }
}
