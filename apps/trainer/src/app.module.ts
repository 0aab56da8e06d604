import { Inject, Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { LOGGER, platformHealth, PlatformModule } from '@attune/service';
import type { Env } from './env';
import { GarbageRepository } from './reconciler/garbage.repository';
import { GarbageService } from './reconciler/garbage.service';
import { RetellingRepository } from './reconciler/retelling.repository';
import { RetellingService } from './reconciler/retelling.service';
import { ReconcilerService } from './reconciler/reconciler.service';
import { ArtifactsRepository } from './runners/artifacts.repository';
import { BaseCatalogue } from './runners/base-catalogue';
import { CheckpointsRepository } from './runners/checkpoints.repository';
import { ClaimsService } from './runners/claims.service';
import { DeliveriesService } from './runners/deliveries.service';
import { Fence } from './runners/fence';
import { RunFilesService } from './runners/run-files.service';
import { RunnerEventsService } from './runners/runner-events.service';
import { RunnersController } from './runners/runners.controller';
import { StartGuard } from './runners/start.guard';
import { AttemptsService } from './runs/attempts.service';
import { RunAnnouncements } from './runs/run-announcements';
import { RunLogRepository } from './runs/run-log.repository';
import { RunLogResponder } from './runs/run-log.responder';
import { RunsConsumer } from './runs/runs.consumer';
import { RunsRepository } from './runs/runs.repository';
import { RunsService } from './runs/runs.service';
import { TRAINER_SETTINGS } from './settings';
import { Executor } from './starts/executor';
import { LocalExecutor } from './starts/local-executor';
import { Starter } from './starts/starter';
import { WakeUps } from './starts/wake-ups';

const SHUTDOWN_MS = Symbol('attune:shutdown-ms');

/** The trainer as one application. Runners are ended while the listener still answers them, so that they can save their checkpoints. */
@Module({})
export class AppModule implements BeforeApplicationShutdown {
  constructor(
    private readonly starter: Starter,
    private readonly executor: Executor,
    @Inject(SHUTDOWN_MS) private readonly shutdownMs: number,
  ) {}

  static forRoot(env: Env, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({ store: env.store, logger }),
        DatabaseModule.forRoot({ url: env.databaseUrl, schema: 'training', applicationName: 'trainer' }),
        MessagingModule.forRoot({
          natsUrl: env.natsUrl,
          monitorUrl: env.natsMonitorUrl,
          service: 'training',
          logger,
          consumers: [RunsConsumer],
        }),
        HealthModule.forRoot(platformHealth),
      ],
      controllers: [RunnersController],
      providers: [
        { provide: TRAINER_SETTINGS, useValue: env.trainer },
        { provide: SHUTDOWN_MS, useValue: env.shutdownMs },
        { provide: Executor, inject: [LOGGER], useFactory: (log: Logger) => new LocalExecutor(env.executor, log) },
        RunsRepository,
        RunLogRepository,
        CheckpointsRepository,
        ArtifactsRepository,
        GarbageRepository,
        RunAnnouncements,
        AttemptsService,
        RunsService,
        RunsConsumer,
        RunLogResponder,
        BaseCatalogue,
        Fence,
        StartGuard,
        ClaimsService,
        RunnerEventsService,
        RunFilesService,
        DeliveriesService,
        GarbageService,
        RetellingRepository,
        RetellingService,
        ReconcilerService,
        Starter,
        WakeUps,
      ],
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.starter.stop();
    await this.executor.shutdown(this.shutdownMs);
  }
}
