import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, Reconciler } from '@attune/database';
import type { Logger } from '@attune/observability';
import { LOGGER } from '@attune/service';
import { OverageEventsService } from './charges/overage-events.service';
import { HoldChecksService } from './holds/hold-checks.service';
import { StatementsService } from './statements/statements.service';

/** How long after a pass of each kind the next one begins. */
export interface BillingIntervals {
  holds: number;
  events: number;
  /** Months end rarely; who has usage of the last one on no statement is looked for at boot and after this. */
  statements: number;
}

export const BILLING_INTERVALS = Symbol('billing intervals');
export const defaultIntervals: BillingIntervals = { holds: 15_000, events: 60_000, statements: 3_600_000 };

/** What time brings about, in one instance at a time: holds that nobody speaks of, events that the broker has lost, and statements. */
@Injectable()
export class BillingReconciler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly reconcilers: Reconciler[];

  constructor(
    database: Database,
    holds: HoldChecksService,
    events: OverageEventsService,
    statements: StatementsService,
    @Inject(BILLING_INTERVALS) everyMs: BillingIntervals,
    @Inject(LOGGER) logger: Logger,
  ) {
    const log = (message: string): void => logger.warn(message);
    this.reconcilers = [
      new Reconciler({
        ...{ database, log, name: 'billing.holds', everyMs: everyMs.holds },
        pass: (signal) => holds.checkUnheard(signal),
      }),
      new Reconciler({
        ...{ database, log, name: 'billing.events', everyMs: everyMs.events },
        pass: async () => {
          const sent = await events.resendLost();
          if (sent > 0) logger.info(`${String(sent)} events for finance are sent again: the broker's store is new`);
        },
      }),
      new Reconciler({
        ...{ database, log, name: 'billing.statements', everyMs: everyMs.statements },
        pass: (signal) => statements.finalizeDue(signal),
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
