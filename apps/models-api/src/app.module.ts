import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { DatabaseModule } from '@attune/database';
import {
  AdminAuthenticator,
  Authenticator,
  HealthModule,
  Idempotency,
  IdempotencyInterceptor,
  RequestLimiter,
  RouteCheck,
  ScopeGuard,
  tsRestModule,
} from '@attune/http';
import { MessagingModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { platformHealth, PlatformModule } from '@attune/service';
import { ADMIN_KEY, AdminKeyAuthenticator } from './api-keys/admin-key';
import { ApiKeyAdministrationService } from './api-keys/api-key-administration.service';
import { ApiKeysController } from './api-keys/api-keys.controller';
import { ApiKeysRepository } from './api-keys/api-keys.repository';
import { API_KEY_PEPPER, ApiKeysService } from './api-keys/api-keys.service';
import { ARCHIVE_LIMITS } from './archives/archive';
import { ArchiveLister } from './archives/archive-lister';
import { ArchiveReceiver } from './archives/archive-receiver';
import { ArchiveUnpackerService } from './archives/archive-unpacker.service';
import { ArchivesConsumer } from './archives/archives.consumer';
import { ArchivesController } from './archives/archives.controller';
import { ArchivesRepository } from './archives/archives.repository';
import { ArchivesService } from './archives/archives.service';
import { BaseModelsRepository } from './base-models/base-models.repository';
import { BaseModelsService } from './base-models/base-models.service';
import { ResolutionResponder } from './base-models/resolution.responder';
import { ResolutionService } from './base-models/resolution.service';
import { DataEditsService } from './data-items/data-edits.service';
import { DataErasureRepository } from './data-items/data-erasure.repository';
import { DataErasureService } from './data-items/data-erasure.service';
import { DataFilesController } from './data-items/data-files.controller';
import { DataFilesService } from './data-items/data-files.service';
import { Billing } from './costs/billing';
import { RpcBilling } from './costs/billing.rpc';
import { CostsController } from './costs/costs.controller';
import { CostsService } from './costs/costs.service';
import { PastRunsRepository } from './costs/past-runs.repository';
import { RunHoldsService } from './costs/run-holds.service';
import { RunOutcomesRepository } from './costs/run-outcomes.repository';
import { RunOutcomesResponder } from './costs/run-outcomes.responder';
import { TrainingAudioRepository } from './costs/training-audio.repository';
import { DataItemsConsumer } from './data-items/data-items.consumer';
import { DataItemsController } from './data-items/data-items.controller';
import { DataItemsRepository } from './data-items/data-items.repository';
import { DataItemsService } from './data-items/data-items.service';
import { DataListRepository } from './data-items/data-list.repository';
import { DecodeScrubber } from './data-items/decode-scrubber';
import { Download } from './data-items/download';
import { PairRegistrarService } from './data-items/pair-registrar.service';
import { ReadinessService } from './data-items/readiness.service';
import { UPLOAD_LIMITS, UploadReceiver } from './data-items/upload-receiver';
import { UploadsRepository } from './data-items/uploads.repository';
import { UploadsService } from './data-items/uploads.service';
import { VerdictWatch } from './data-items/verdict-watch';
import { DocsController } from './docs/docs.controller';
import { entities } from './entities';
import type { Env } from './env';
import { EventStreamInterceptor } from './feed/event-stream.interceptor';
import { FeedController } from './feed/feed.controller';
import { FeedStreamsService } from './feed/feed-streams.service';
import { FeedService, TrainingFeed } from './feed/feed.service';
import { RpcTrainingFeed } from './feed/training-feed.rpc';
import { Effects } from './idempotency/effects';
import { IdempotencyKeysRepository } from './idempotency/idempotency-keys.repository';
import { IdempotencyService } from './idempotency/idempotency.service';
import { HourlyLimitsRepository } from './limits/hourly-limits.repository';
import { LimitsController } from './limits/limits.controller';
import { LimitsService } from './limits/limits.service';
import { LimitsOverviewService } from './limits/limits-overview.service';
import { PermitsRepository } from './limits/permits.repository';
import { RequestLimiterService } from './limits/request-limiter.service';
import { ErasureRepository } from './models/erasure.repository';
import { ModelCountsRepository } from './models/model-counts.repository';
import { ModelErasureConsumer } from './models/model-erasure.consumer';
import { ModelErasureService } from './models/model-erasure.service';
import { ModelsController } from './models/models.controller';
import { ModelsRepository } from './models/models.repository';
import { ModelsService } from './models/models.service';
import { OrganizationAdministrationService } from './organizations/organization-administration.service';
import { OrganizationsConsumer } from './organizations/organizations.consumer';
import { OrganizationsController } from './organizations/organizations.controller';
import { OrganizationsRepository } from './organizations/organizations.repository';
import { OrganizationsService } from './organizations/organizations.service';
import { Terms } from './organizations/terms';
import { RpcTerms } from './organizations/terms.rpc';
import { SECRETS_KEY } from './platform/sealer';
import { ModelsReconciler } from './reconciler';
import { CancellationsRepository } from './runs/cancellations.repository';
import { QueuePositionsService, TrainingQueue } from './runs/queue-positions.service';
import { RunCancellationsService } from './runs/run-cancellations.service';
import { RunControlController } from './runs/run-control.controller';
import { RunHistoryRepository } from './runs/run-history.repository';
import { RunHistoryService } from './runs/run-history.service';
import { BoundUploadsController } from './resumable-uploads/bound-uploads.controller';
import { BoundUploadsService } from './resumable-uploads/bound-uploads.service';
import { ResumableUploadsController } from './resumable-uploads/resumable-uploads.controller';
import { ResumableUploadsRepository } from './resumable-uploads/resumable-uploads.repository';
import { LARGEST_RESUMABLE_UPLOAD, ResumableUploadsService } from './resumable-uploads/resumable-uploads.service';
import { RunItemsRepository } from './runs/run-items.repository';
import { RunResultsService } from './runs/run-results.service';
import { RunsConsumer, VersionsConsumer } from './runs/runs.consumer';
import { RunsController, TrainingLogController } from './runs/runs.controller';
import { RunsRepository } from './runs/runs.repository';
import { RunsService } from './runs/runs.service';
import { SnapshotWriter } from './runs/snapshot.writer';
import { RpcTrainingLog } from './runs/training-log.rpc';
import { TrainingLog, TrainingLogService } from './runs/training-log.service';
import { RpcTrainingQueue } from './runs/training-queue.rpc';
import { VersionsRepository } from './runs/versions.repository';
import { VersionsService } from './runs/versions.service';
import { STT_SETTINGS, SttClient } from './stt-proxy/stt.client';
import { SttProxyController } from './stt-proxy/stt-proxy.controller';
import { DeliveryWorker, SEND_TIMEOUT_MS } from './webhooks/delivery.worker';
import { hostResolver } from './webhooks/host-resolver';
import { WebhookDeliveriesRepository } from './webhooks/webhook-deliveries.repository';
import { WebhookEventsService } from './webhooks/webhook-events.service';
import { WebhookSender } from './webhooks/webhook-sender';
import { WEBHOOK_SETTINGS, type WebhookSettings } from './webhooks/webhook-settings';
import { WebhooksController } from './webhooks/webhooks.controller';
import { WebhooksRepository } from './webhooks/webhooks.repository';
import { WebhooksService } from './webhooks/webhooks.service';

const consumers = [
  OrganizationsConsumer,
  DataItemsConsumer,
  ArchivesConsumer,
  RunsConsumer,
  VersionsConsumer,
  ModelErasureConsumer,
];

function senderOf(settings: WebhookSettings): WebhookSender {
  const { allowPrivate } = settings;
  return new WebhookSender({ allowPrivate, resolve: hostResolver(settings), timeoutMs: SEND_TIMEOUT_MS });
}

/** The public API as one application. */
@Module({})
export class AppModule {
  static forRoot(env: Env, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        tsRestModule,
        DiscoveryModule,
        PlatformModule.forRoot({ store: env.store, logger }),
        DatabaseModule.forRoot({ url: env.databaseUrl, schema: 'models', applicationName: 'models-api', entities }),
        MessagingModule.forRoot({
          natsUrl: env.natsUrl,
          monitorUrl: env.natsMonitorUrl,
          replicas: env.natsReplicas,
          service: 'models',
          logger,
          consumers,
        }),
        HealthModule.forRoot({ ...platformHealth, metrics: env.metrics }),
      ],
      controllers: [
        ModelsController,
        DataItemsController,
        DataFilesController,
        ArchivesController,
        ResumableUploadsController,
        BoundUploadsController,
        RunsController,
        TrainingLogController,
        RunControlController,
        FeedController,
        CostsController,
        LimitsController,
        SttProxyController,
        WebhooksController,
        DocsController,
        OrganizationsController,
        ApiKeysController,
      ],
      providers: [
        { provide: APP_GUARD, useClass: ScopeGuard },
        RouteCheck,
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: SECRETS_KEY, useValue: env.secretsKey },
        IdempotencyKeysRepository,
        Effects,
        IdempotencyService,
        { provide: Idempotency, useExisting: IdempotencyService },
        { provide: API_KEY_PEPPER, useValue: env.apiKeyPepper },
        { provide: UPLOAD_LIMITS, useValue: env.uploads },
        { provide: ARCHIVE_LIMITS, useValue: env.archives },
        {
          provide: LARGEST_RESUMABLE_UPLOAD,
          useValue: Math.max(env.uploads.audioBytes, env.archives.archiveBytes),
        },
        { provide: STT_SETTINGS, useValue: env.stt },
        ApiKeysRepository,
        ApiKeysService,
        { provide: Authenticator, useExisting: ApiKeysService },
        { provide: ADMIN_KEY, useValue: env.adminKey },
        { provide: AdminAuthenticator, useClass: AdminKeyAuthenticator },
        ApiKeyAdministrationService,
        OrganizationsRepository,
        OrganizationsService,
        { provide: Terms, useClass: RpcTerms },
        OrganizationAdministrationService,
        HourlyLimitsRepository,
        LimitsService,
        LimitsOverviewService,
        PermitsRepository,
        { provide: RequestLimiter, useClass: RequestLimiterService },
        BaseModelsRepository,
        BaseModelsService,
        ResolutionService,
        ResolutionResponder,
        ModelCountsRepository,
        ModelsRepository,
        ModelsService,
        ErasureRepository,
        ModelErasureService,
        DataItemsRepository,
        DataItemsService,
        DataListRepository,
        DataFilesService,
        Download,
        DataEditsService,
        DataErasureRepository,
        DataErasureService,
        DecodeScrubber,
        ReadinessService,
        PairRegistrarService,
        UploadsRepository,
        UploadReceiver,
        UploadsService,
        VerdictWatch,
        ArchivesRepository,
        ArchiveReceiver,
        ArchiveLister,
        ArchiveUnpackerService,
        ArchivesService,
        ResumableUploadsRepository,
        ResumableUploadsService,
        BoundUploadsService,
        RunsRepository,
        RunItemsRepository,
        RunsService,
        RunResultsService,
        CancellationsRepository,
        RunCancellationsService,
        RunHistoryRepository,
        RunHistoryService,
        VersionsRepository,
        VersionsService,
        { provide: TrainingQueue, useClass: RpcTrainingQueue },
        QueuePositionsService,
        { provide: TrainingFeed, useClass: RpcTrainingFeed },
        FeedService,
        FeedStreamsService,
        EventStreamInterceptor,
        SnapshotWriter,
        { provide: Billing, useClass: RpcBilling },
        TrainingAudioRepository,
        PastRunsRepository,
        RunHoldsService,
        RunOutcomesRepository,
        RunOutcomesResponder,
        CostsService,
        { provide: TrainingLog, useClass: RpcTrainingLog },
        TrainingLogService,
        SttClient,
        { provide: WEBHOOK_SETTINGS, useValue: env.webhooks },
        { provide: WebhookSender, useValue: senderOf(env.webhooks) },
        WebhooksRepository,
        WebhookDeliveriesRepository,
        WebhookEventsService,
        WebhooksService,
        DeliveryWorker,
        ModelsReconciler,
        ...consumers,
      ],
    };
  }
}
