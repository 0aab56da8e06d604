import { Module, type DynamicModule } from '@nestjs/common';
import { Database, DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { Messaging, MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import type { ObjectStore } from '@attune/storage';
import type { Env } from './env';
import { ErasuresConsumer } from './items/erasures.consumer';
import { ItemExaminer } from './items/item-examiner';
import { ItemsConsumer } from './items/items.consumer';
import { ItemsRepository } from './items/items.repository';
import { ItemsService } from './items/items.service';
import { QuarantineReconciler } from './items/quarantine.reconciler';
import { WorkFolders } from './items/work-folders';
import { OBJECT_STORE, StoreModule } from './store.provider';
import { WORK_SETTINGS } from './work-settings';

@Module({})
export class AppModule {
  static forRoot(env: Env, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot({
          url: env.databaseUrl,
          schema: 'ingestion',
          applicationName: 'ingestion',
          poolSize: env.work.concurrency + 4,
        }),
        MessagingModule.forRoot({
          natsUrl: env.natsUrl,
          service: 'ingestion',
          logger,
          consumers: [ItemsConsumer, ErasuresConsumer],
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
        { provide: WORK_SETTINGS, useValue: env.work },
        WorkFolders,
        ItemExaminer,
        ItemsRepository,
        ItemsService,
        ItemsConsumer,
        ErasuresConsumer,
        QuarantineReconciler,
      ],
    };
  }
}
