import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { platformHealth, PlatformModule } from '@attune/service';
import { EntitlementsConsumer } from './entitlements/entitlements.consumer';
import { EntitlementsRepository } from './entitlements/entitlements.repository';
import { EntitlementsResponder } from './entitlements/entitlements.responder';
import { EntitlementsService } from './entitlements/entitlements.service';
import type { Env } from './env';
import { UsageConsumer } from './usage/usage.consumer';
import { UsageRepository } from './usage/usage.repository';
import { UsageService } from './usage/usage.service';

@Module({})
export class AppModule {
  static forRoot(env: Env, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot({ url: env.databaseUrl, schema: 'billing', applicationName: 'billing', poolSize: 5 }),
        MessagingModule.forRoot({
          natsUrl: env.natsUrl,
          monitorUrl: env.natsMonitorUrl,
          service: 'billing',
          logger,
          consumers: [EntitlementsConsumer, UsageConsumer],
          // Usage counts once for ever, so what was handled is remembered for ever.
          retention: { inboxDays: null },
        }),
        PlatformModule.forRoot({ store: env.store, logger }),
        HealthModule.forRoot(platformHealth),
      ],
      providers: [
        EntitlementsRepository,
        EntitlementsService,
        EntitlementsConsumer,
        EntitlementsResponder,
        UsageRepository,
        UsageService,
        UsageConsumer,
      ],
    };
  }
}
