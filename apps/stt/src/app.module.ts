import { Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { HealthModule } from '@attune/http';
import { checkMedia } from '@attune/media';
import { RpcModule } from '@attune/messaging';
import type { Logger } from '@attune/observability';
import { OBJECT_STORE, PlatformModule, storeHealth } from '@attune/service';
import type { ObjectStore } from '@attune/storage';
import { EnginesModule } from './engines/engines.module';
import { Engines } from './engines/engines';
import type { Env } from './env';
import { MODEL_CACHE_SETTINGS, ModelCache } from './models/model-cache';
import { INTERNAL_TOKEN, InternalGuard } from './transcriptions/internal.guard';
import { RequestReceiver } from './transcriptions/request-receiver';
import { RequestSlots } from './transcriptions/request-slots';
import { TRANSCRIPTION_LIMITS } from './transcriptions/transcription';
import { TranscriptionsController } from './transcriptions/transcriptions.controller';
import { TranscriptionsService } from './transcriptions/transcriptions.service';
import { WORK_DIRECTORY, Workspace } from './transcriptions/workspace';

@Module({})
export class AppModule implements OnModuleInit {
  static forRoot(env: Env, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        RpcModule.forRoot({ natsUrl: env.natsUrl, service: 'stt', logger }),
        PlatformModule.forRoot({ store: env.store, logger }),
        EnginesModule.forRoot(env.engines),
        HealthModule.forRoot({
          inject: [Engines, OBJECT_STORE],
          checks: (engines: Engines, objects: ObjectStore) => [
            { name: 'engine', check: () => Promise.resolve().then(() => engines.check()) },
            storeHealth(objects),
          ],
        }),
      ],
      controllers: [TranscriptionsController],
      providers: [
        { provide: INTERNAL_TOKEN, useValue: env.internalToken },
        { provide: WORK_DIRECTORY, useValue: env.workDirectory },
        { provide: MODEL_CACHE_SETTINGS, useValue: env.cache },
        { provide: TRANSCRIPTION_LIMITS, useValue: env.limits },
        InternalGuard,
        ModelCache,
        RequestReceiver,
        RequestSlots,
        TranscriptionsService,
        Workspace,
      ],
    };
  }

  /** Without a sandbox nothing of a client's may be decoded, so the service does not start. */
  onModuleInit(): Promise<void> {
    return checkMedia();
  }
}
