import { Module, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { platformHealth, PlatformModule } from '@attune/service';
import type { Env } from './env';
import { DecodeReader } from './evaluations/decode-reader';
import { ErasuresConsumer } from './evaluations/erasures.consumer';
import { EvaluationsConsumer } from './evaluations/evaluations.consumer';
import { EvaluationsRepository } from './evaluations/evaluations.repository';
import { EvaluationsService } from './evaluations/evaluations.service';

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
          monitorUrl: env.natsMonitorUrl,
          replicas: env.natsReplicas,
          service: 'evaluation',
          logger,
          consumers: [EvaluationsConsumer, ErasuresConsumer],
        }),
        PlatformModule.forRoot({ store: env.store, logger }),
        HealthModule.forRoot(platformHealth),
      ],
      providers: [DecodeReader, EvaluationsRepository, EvaluationsService, EvaluationsConsumer, ErasuresConsumer],
    };
  }
}
