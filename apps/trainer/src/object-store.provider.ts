import type { Provider } from '@nestjs/common';
import { storeFromConfig, type StoreConfig } from '@attune/storage';

export const OBJECT_STORE = Symbol('attune:object-store');

export const objectStoreProvider = (config: StoreConfig): Provider => ({
  provide: OBJECT_STORE,
  useFactory: async () => {
    const store = storeFromConfig(config);
    await store.prepare();
    return store;
  },
});
