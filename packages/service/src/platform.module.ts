import { Global, Module, type DynamicModule } from '@nestjs/common';
import { systemClock } from '@attune/kernel';
import type { Logger } from '@attune/observability';
import { storeFromConfig, type StoreConfig } from '@attune/storage';

/** The platform's object store (`ObjectStore`). */
export const OBJECT_STORE = Symbol('attune:object-store');
/** The service's logger, for what has no request or event around it. */
export const LOGGER = Symbol('attune:logger');
export const CLOCK = Symbol('attune:clock');

/**
 * What every part of a service may ask for: store, logger, clock. A service does not start without a store that it can use,
 * so that nobody meets a missing bucket or folder in the middle of his work.
 */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(settings: { store: StoreConfig; logger: Logger }): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: LOGGER, useValue: settings.logger },
        { provide: CLOCK, useValue: systemClock },
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
