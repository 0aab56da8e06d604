import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, Reconciler } from '@attune/database';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { OverageEventsService } from './charges/overage-events.service';
import { HoldChecksService } from './holds/hold-checks.service';
import { StatementsService } from './statements/statements.service';

const HOLDS_EVERY_MS = 15_000;
const EVENTS_EVERY_MS = 60_000;
/** Months end rarely; who has usage of the last one on no statement is looked for at boot and each hour. */
const STATEMENTS_EVERY_MS = 3_600_000;

/** What time brings about, in one instance at a time: holds that nobody speaks of, events that the broker has lost, and statements. */
@Injectable()
export class BillingReconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly reconcilers: Reconciler[];

  constructor(
    database: Database,
    holds: HoldChecksService,
    events: OverageEventsService,
    statements: StatementsService,
    @Inject(LOGGER) logger: Logger,
  ) {
    const log = (message: string): void => logger.warn(message);
    this.reconcilers = [
      new Reconciler({
        ...{ database, log, name: 'billing.holds', everyMs: HOLDS_EVERY_MS },
        pass: () => holds.checkUnheard(),
      }),
      new Reconciler({
        ...{ database, log, name: 'billing.events', everyMs: EVENTS_EVERY_MS },
        pass: async () => {
          const sent = await events.resendLost();
          if (sent > 0) logger.info(`${String(sent)} events for finance are sent again: the broker's store is new`);
        },
      }),
      new Reconciler({
        ...{ database, log, name: 'billing.statements', everyMs: STATEMENTS_EVERY_MS },
        pass: () => statements.finalizeDue(),
      }),
    ];
  }

  onApplicationBootstrap(): void {
    for (const reconciler of this.reconcilers) reconciler.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.reconcilers.map((reconciler) => reconciler.stop()));
  }
}
