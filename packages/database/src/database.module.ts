import { Global, Inject, Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { createDataSource, type DataSourceSettings } from './data-source';
import { Database } from './database';
import { assertTenantSafety } from './tenant-safety';
import { waitForServer } from './wait';

/** Before anything else of the application has it. */
async function safeDatabase(dataSource: DataSource): Promise<Database> {
  const database = new Database(dataSource);
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
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

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
      ],
      exports: [DataSource, Database],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}
