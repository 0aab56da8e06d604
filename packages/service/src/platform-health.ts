import { Database } from '@attune/database';
import type { HealthCheck } from '@attune/http';
import { Messaging } from '@attune/messaging';
import type { ObjectStore } from '@attune/storage';
import { OBJECT_STORE } from './platform.module';

/** For `HealthModule.forRoot`: a service with a schema is ready when PostgreSQL, NATS and the object store answer it. */
export const platformHealth = {
  inject: [Database, Messaging, OBJECT_STORE],
  checks: (database: Database, messaging: Messaging, store: ObjectStore): HealthCheck[] => [
    { name: 'postgres', check: () => database.query('system', 'SELECT 1') },
    { name: 'nats', check: () => Promise.resolve().then(() => messaging.check()) },
    storeHealth(store),
  ],
};

/** The check of the object store alone, for a service without a schema. */
export function storeHealth(store: ObjectStore): HealthCheck {
  return { name: 'store', check: () => store.prepare() };
}
