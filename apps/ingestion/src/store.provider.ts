import { Global, Module, type DynamicModule } from '@nestjs/common';
import { storeFromConfig, type StoreConfig } from '@attune/storage';

/** The platform's object store. */
export const OBJECT_STORE = Symbol('attune:object-store');

@Global()
@Module({})
export class StoreModule {
  static forRoot(config: StoreConfig): DynamicModule {
    return {
      module: StoreModule,
      providers: [{ provide: OBJECT_STORE, useFactory: () => storeFromConfig(config) }],
      exports: [OBJECT_STORE],
    };
  }
}
