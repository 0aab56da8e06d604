import { Module, type DynamicModule } from '@nestjs/common';
import { Database, DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { Messaging, MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import type { ObjectStore } from '@attune/storage';
import type { Env } from './env';
import { DecodeReader } from './evaluations/decode-reader';
import { ErasuresConsumer } from './evaluations/erasures.consumer';
import { EvaluationsConsumer } from './evaluations/evaluations.consumer';
import { EvaluationsRepository } from './evaluations/evaluations.repository';
import { EvaluationsService } from './evaluations/evaluations.service';
import { OBJECT_STORE, StoreModule } from './store.provider';

@Module({})
export class AppModule {
  static forRoot(env: Env, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot({
          url: env.databaseUrl,
          schema: 'evaluation',
          applicationName: 'evaluator',
          poolSize: 5,
        }),
        MessagingModule.forRoot({
          natsUrl: env.natsUrl,
          service: 'evaluation',
          logger,
          consumers: [EvaluationsConsumer, ErasuresConsumer],
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
      providers: [DecodeReader, EvaluationsRepository, EvaluationsService, EvaluationsConsumer, ErasuresConsumer],
    };
  }
}
