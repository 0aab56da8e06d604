import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ENGINE_SETTINGS, Engines, type EngineSettings } from './engines';

@Global()
@Module({})
export class EnginesModule {
  static forRoot(settings: EngineSettings): DynamicModule {
    return {
      module: EnginesModule,
      providers: [{ provide: ENGINE_SETTINGS, useValue: settings }, Engines],
      exports: [Engines],
    };
  }
}
