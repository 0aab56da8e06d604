import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { CLOUD_EVENT_DAYS, MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { platformHealth, PlatformModule } from '@attune/service';
import { AlertsRepository } from './alerts/alerts.repository';
import { AlertsService } from './alerts/alerts.service';
import { ChargesRepository } from './charges/charges.repository';
import { ChargesResponder } from './charges/charges.responder';
import { ChargesService } from './charges/charges.service';
import { OverageEventsService } from './charges/overage-events.service';
import { ClosuresConsumer } from './closures/closures.consumer';
import { ClosuresService } from './closures/closures.service';
import { EntitlementsConsumer } from './entitlements/entitlements.consumer';
import { EntitlementsRepository } from './entitlements/entitlements.repository';
import { EntitlementsResponder } from './entitlements/entitlements.responder';
import { EntitlementsService } from './entitlements/entitlements.service';
import type { Env } from './env';
import { HoldChecksService, RunOutcomes } from './holds/hold-checks.service';
import { HoldsConsumer } from './holds/holds.consumer';
import { HoldsRepository } from './holds/holds.repository';
import { HoldsResponder } from './holds/holds.responder';
import { HoldsService } from './holds/holds.service';
import { RpcRunOutcomes } from './holds/run-outcomes.rpc';
import { LedgerAuditRepository } from './ledger/ledger-audit.repository';
import { LedgerAuditService } from './ledger/ledger-audit.service';
import { LedgerRepository } from './ledger/ledger.repository';
import { LedgerService } from './ledger/ledger.service';
import { PriceBooksRepository } from './prices/price-books.repository';
import { BILLING_INTERVALS, BillingReconciler, defaultIntervals, type BillingIntervals } from './reconciler';
import { BILLING_SETTINGS } from './settings';
import { StatementsRepository } from './statements/statements.repository';
import { StatementsService } from './statements/statements.service';
import { UsageConsumer } from './usage/usage.consumer';
import { UsageRepository } from './usage/usage.repository';
import { UsageService } from './usage/usage.service';

const consumers = [EntitlementsConsumer, UsageConsumer, HoldsConsumer, ClosuresConsumer];
/** Events are handled in short transactions, which wait for one another here, and not at the database. */
const POOL_SIZE = 12;

interface TestSettings {
  ackWaitMs?: number;
  intervals?: Partial<BillingIntervals>;
}

@Module({})
export class AppModule {
  /** `tests`: for those that kill the service, or see what time brings about, and do not want to wait for half a minute or an hour. */
  static forRoot(env: Env, logger: Logger, tests: TestSettings = {}): DynamicModule {
    const { intervals, ...messaging } = tests;
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot({
          url: env.databaseUrl,
          schema: 'billing',
          applicationName: 'billing',
          poolSize: POOL_SIZE,
        }),
        MessagingModule.forRoot({
          natsUrl: env.natsUrl,
          monitorUrl: env.natsMonitorUrl,
          replicas: env.natsReplicas,
          service: 'billing',
          logger,
          consumers,
          // Usage counts once for ever, so what was handled is remembered for ever.
          // Finance may be away for a quarter, and the broker lose its store on the last day of it.
          retention: { inboxDays: null, outboxDays: CLOUD_EVENT_DAYS },
          ...messaging,
        }),
        PlatformModule.forRoot({ store: env.store, logger }),
        HealthModule.forRoot(platformHealth),
      ],
      providers: [
        { provide: BILLING_SETTINGS, useValue: env.billing },
        { provide: BILLING_INTERVALS, useValue: { ...defaultIntervals, ...intervals } },
        { provide: RunOutcomes, useClass: RpcRunOutcomes },
        AlertsRepository,
        AlertsService,
        ChargesRepository,
        ChargesResponder,
        ChargesService,
        ClosuresService,
        EntitlementsRepository,
        EntitlementsResponder,
        EntitlementsService,
        HoldChecksService,
        HoldsRepository,
        HoldsResponder,
        HoldsService,
        LedgerAuditRepository,
        LedgerAuditService,
        LedgerRepository,
        LedgerService,
        OverageEventsService,
        PriceBooksRepository,
        StatementsRepository,
        StatementsService,
        UsageRepository,
        UsageService,
        BillingReconciler,
        ...consumers,
      ],
    };
  }
}
