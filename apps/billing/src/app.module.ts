import { Module, type DynamicModule } from '@nestjs/common';
import { Database, DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { Messaging, MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import type { ObjectStore } from '@attune/storage';
import { EntitlementsConsumer } from './entitlements/entitlements.consumer';
import { EntitlementsRepository } from './entitlements/entitlements.repository';
import { EntitlementsService } from './entitlements/entitlements.service';
import type { Env } from './env';
import { OBJECT_STORE, StoreModule } from './store.provider';
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
          service: 'billing',
          logger,
          consumers: [EntitlementsConsumer, UsageConsumer],
        }),
        StoreModule.forRoot(env.store),
        HealthModule.forRoot({
          inject: [Database, Messaging, OBJECT_STORE],
          checks: (database: Database, messaging: Messaging, objects: ObjectStore) => [
            { name: 'postgres', check: () => database.query('SELECT 1') },
            { name: 'nats', check: () => Promise.resolve().then(() => messaging.check()) },
            { name: 'store', check: () => objects.prepare() },
          ],
        }),
      ],
      providers: [
        EntitlementsRepository,
        EntitlementsService,
        EntitlementsConsumer,
        UsageRepository,
        UsageService,
        UsageConsumer,
      ],
    };
  }
}
