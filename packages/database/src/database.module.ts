import { Global, Inject, Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { createDataSource, type DataSourceSettings } from './data-source';
import { Database } from './database';
import { followPool, forgetPool } from './metrics';
import { SessionLocks } from './session-locks';
import { assertTenantSafety } from './tenant-safety';
import { waitForServer } from './wait';

/** Before anything else of the application has it. */
async function safeDatabase(dataSource: DataSource): Promise<Database> {
  const database = new Database(dataSource);
  followPool(dataSource);
  await assertTenantSafety(database);
  return database;
}

/**
 * Gives an application its DataSource and Database; waits for PostgreSQL at boot, refuses to start where
 * tenants are not kept apart (UnsafeTenancy), and closes the pool at the very end.
 */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(SessionLocks) private readonly locks: SessionLocks,
  ) {}

  static forRoot(settings: DataSourceSettings): DynamicModule {
    const logger = new Logger('DatabaseModule');
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: DataSource,
          useFactory: () =>
            waitForServer(() => createDataSource(settings).initialize(), { log: (message) => logger.warn(message) }),
        },
        { provide: Database, inject: [DataSource], useFactory: safeDatabase },
        {
          provide: SessionLocks,
          useFactory: () =>
            new SessionLocks({ url: settings.url, applicationName: `${settings.applicationName} locks` }),
        },
      ],
      exports: [DataSource, Database, SessionLocks],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.locks.close();
    forgetPool(this.dataSource);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
