import { assertTenantSafety, createDataSource, Database, waitForServer } from '@attune/database';
import { entities } from '../entities';

/** For commands: the service's database for as long as `work` lasts. Waits for a server that is still starting. */
export async function withDatabase<T>(
  url: string,
  applicationName: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const dataSource = await waitForServer(() =>
    createDataSource({ url, schema: 'models', applicationName, entities, poolSize: 2 }).initialize(),
  );
  try {
    const database = new Database(dataSource);
    await assertTenantSafety(database);
    return await work(database);
  } finally {
    await dataSource.destroy();
  }
}
