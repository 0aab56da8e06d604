import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { platformHealth, PlatformModule } from '@attune/service';
import type { Env } from './env';
import { ErasuresConsumer } from './items/erasures.consumer';
import { ItemExaminer } from './items/item-examiner';
import { ItemsConsumer } from './items/items.consumer';
import { ItemsRepository } from './items/items.repository';
import { ItemsService } from './items/items.service';
import { QuarantineReconciler } from './items/quarantine.reconciler';
import { WorkFolders } from './items/work-folders';
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
          monitorUrl: env.natsMonitorUrl,
          replicas: env.natsReplicas,
          service: 'ingestion',
          logger,
          consumers: [ItemsConsumer, ErasuresConsumer],
        }),
        PlatformModule.forRoot({ store: env.store, logger }),
        HealthModule.forRoot(platformHealth),
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
