import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Logger } from '@attune/observability';
import { LOGGER } from '../logger.provider';
import { ENGINE_SETTINGS, Engines, type EngineSettings } from './engines';

@Global()
@Module({})
export class EnginesModule {
  static forRoot(settings: EngineSettings, logger: Logger): DynamicModule {
    return {
      module: EnginesModule,
      providers: [{ provide: ENGINE_SETTINGS, useValue: settings }, { provide: LOGGER, useValue: logger }, Engines],
      exports: [Engines],
    };
  }
}
