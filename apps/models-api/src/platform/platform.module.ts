import { Global, Module, type DynamicModule } from '@nestjs/common';
import { systemClock, type Clock } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { storeFromConfig, type StoreConfig } from '@attune/storage';

/** The platform's object store (`ObjectStore`). */
export const OBJECT_STORE = Symbol('attune:object-store');
/** The service's logger, for what has no request or event around it. */
export const LOGGER = Symbol('attune:logger');
export const CLOCK = Symbol('attune:clock');

/** What every part of the service may ask for: store, clock, logger. The store has been prepared once the service is up. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(settings: { store: StoreConfig; logger: Logger; clock?: Clock }): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: LOGGER, useValue: settings.logger },
        { provide: CLOCK, useValue: settings.clock ?? systemClock },
        {
          provide: OBJECT_STORE,
          useFactory: async () => {
            const store = storeFromConfig(settings.store);
            await store.prepare();
            return store;
          },
        },
      ],
      exports: [LOGGER, CLOCK, OBJECT_STORE],
    };
  }
}
