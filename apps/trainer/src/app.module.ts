import { Inject, Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '@attune/database';
import { HealthModule } from '@attune/http';
import { MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { LOGGER, platformHealth, PlatformModule } from '@attune/service';
import type { Env, ExecutorEnv } from './env';
import { GarbageRepository } from './reconciler/garbage.repository';
import { GarbageService } from './reconciler/garbage.service';
import { LostStartsService } from './reconciler/lost-starts.service';
import { RetellingRepository } from './reconciler/retelling.repository';
import { RetellingService } from './reconciler/retelling.service';
import { ReconcilerService } from './reconciler/reconciler.service';
import { ArtifactsRepository } from './runners/artifacts.repository';
import { BaseCatalogue } from './runners/base-catalogue';
import { CheckpointsRepository } from './runners/checkpoints.repository';
import { CheckpointsService } from './runners/checkpoints.service';
import { ClaimsService } from './runners/claims.service';
import { DeliveriesService } from './runners/deliveries.service';
import { Fence } from './runners/fence';
import { RunFilesService } from './runners/run-files.service';
import { RunnerEventsService } from './runners/runner-events.service';
import { RunnersController } from './runners/runners.controller';
import { StartGuard } from './runners/start.guard';
import { AttemptsService } from './runs/attempts.service';
import { RunAnnouncements } from './runs/run-announcements';
import { CancellationsRepository } from './runs/cancellations.repository';
import { RunCancellationsService } from './runs/run-cancellations.service';
import { RunFeedRepository } from './runs/run-feed.repository';
import { RunFeedResponder } from './runs/run-feed.responder';
import { RunsConsumer } from './runs/runs.consumer';
import { RunsRepository } from './runs/runs.repository';
import { RunsService } from './runs/runs.service';
import { TRAINER_SETTINGS } from './settings';
import { EntitlementsConsumer } from './starts/entitlements.consumer';
import { Executor } from './starts/executor';
import { LiveRunLimitsService } from './starts/live-run-limits.service';
import { KubernetesExecutor } from './starts/kubernetes/kubernetes-executor';
import { LocalExecutor } from './starts/local-executor';
import { QueueMetrics } from './starts/queue-metrics';
import { QueueRepository } from './starts/queue.repository';
import { QueueResponder } from './starts/queue.responder';
import { Starter } from './starts/starter';
import { WakeUps } from './starts/wake-ups';

const SHUTDOWN_MS = Symbol('attune:shutdown-ms');

/** The trainer as one application. Runners that end with it are ended while the listener still answers them, so that they can save their checkpoints. */
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
          replicas: env.natsReplicas,
          service: 'training',
          logger,
          consumers: [RunsConsumer, EntitlementsConsumer],
        }),
        HealthModule.forRoot(platformHealth),
      ],
      controllers: [RunnersController],
      providers: [
        { provide: TRAINER_SETTINGS, useValue: env.trainer },
        { provide: SHUTDOWN_MS, useValue: env.shutdownMs },
        { provide: Executor, inject: [LOGGER], useFactory: (log: Logger) => openExecutor(env.executor, log) },
        RunsRepository,
        RunFeedRepository,
        CancellationsRepository,
        QueueRepository,
        CheckpointsRepository,
        CheckpointsService,
        ArtifactsRepository,
        GarbageRepository,
        RunAnnouncements,
        AttemptsService,
        RunsService,
        RunCancellationsService,
        RunsConsumer,
        LiveRunLimitsService,
        EntitlementsConsumer,
        QueueResponder,
        QueueMetrics,
        RunFeedResponder,
        BaseCatalogue,
        Fence,
        StartGuard,
        ClaimsService,
        RunnerEventsService,
        RunFilesService,
        DeliveriesService,
        GarbageService,
        LostStartsService,
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

function openExecutor(env: ExecutorEnv, logger: Logger): Executor {
  return env.kind === 'local' ? new LocalExecutor(env.local, logger) : KubernetesExecutor.open(env.kubernetes, logger);
}
