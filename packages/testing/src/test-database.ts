import { createHash } from 'node:crypto';
import { createDataSource, Database, migrate, type DataSourceSettings, type Migration } from '@attune/database';
import { newId } from '@attune/kernel';
import { Client, escapeIdentifier } from 'pg';

export interface TestDatabaseSettings {
  schema: string;
  migrations: readonly Migration[];
  /** Default: the cluster of this jest run. */
  ownerUrl?: string;
}

/** Of every service's role: roles are the whole cluster's, so whoever migrates beside other tests gives them this one. */
export const SERVICE_PASSWORD = 'test-service-password';

/** A database of one test file, migrated as in production, with the service's own role. */
export class TestDatabase {
  private readonly opened: Database[] = [];

  constructor(
    readonly name: string,
    readonly schema: string,
    /** As the service connects: a role that owns nothing. */
    readonly url: string,
    /** As the migrations connect: the owner of everything. */
    readonly ownerUrl: string,
    private readonly clusterUrl: string,
  ) {}

  /** A Database as the service has it; closed by `drop`. */
  async open(settings: Partial<DataSourceSettings> = {}): Promise<Database> {
    const dataSource = createDataSource({ url: this.url, schema: this.schema, applicationName: 'test', ...settings });
    const database = new Database(await dataSource.initialize());
    this.opened.push(database);
    return database;
  }

  /** Closes what `open` opened and drops the database, whoever is still connected. */
  async drop(): Promise<void> {
    const open = this.opened.filter(({ dataSource }) => dataSource.isInitialized);
    await Promise.all(open.map(({ dataSource }) => dataSource.destroy()));
    await withClient(this.clusterUrl, (client) =>
      client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(this.name)} WITH (FORCE)`),
    );
  }
}

/** The address of this run's cluster, as its owner. */
export function testPostgresUrl(): string {
  const url = process.env.ATTUNE_TEST_POSTGRES_URL;
  if (url === undefined)
    throw new Error('this needs the integration project of jest (*.int.test.ts), which starts PostgreSQL');
  return url;
}

/** A fresh database with the given migrations applied: cloned from a template that is made once per cluster. */
export async function createTestDatabase(settings: TestDatabaseSettings): Promise<TestDatabase> {
  const clusterUrl = settings.ownerUrl ?? testPostgresUrl();
  const template = await templateOf(clusterUrl, settings);
  const name = `test_${newId().replaceAll('-', '')}`;
  await withClient(clusterUrl, (client) =>
    client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(template)}`),
  );
  const ownerUrl = urlOf(clusterUrl, { database: name });
  // A clone has no rights of its own on the database: migrating again, which applies nothing, sets them.
  await migrateAsTest(ownerUrl, settings);
  const url = urlOf(ownerUrl, { user: roleOf(settings.schema), password: SERVICE_PASSWORD });
  return new TestDatabase(name, settings.schema, url, ownerUrl, clusterUrl);
}

async function templateOf(clusterUrl: string, settings: TestDatabaseSettings): Promise<string> {
  const content = JSON.stringify([settings.schema, settings.migrations]);
  const template = `template_${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
  await withClient(clusterUrl, async (client) => {
    await client.query(`SELECT pg_advisory_lock(hashtextextended('attune.templates', 0))`);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount !== 0) return;
    const half = `${template}_new`;
    await client.query(`DROP DATABASE IF EXISTS ${half}`);
    await client.query(`CREATE DATABASE ${half}`);
    await migrateAsTest(urlOf(clusterUrl, { database: half }), settings);
    await client.query(`ALTER DATABASE ${half} RENAME TO ${template}`);
  });
  return template;
}

async function migrateAsTest(ownerUrl: string, { schema, migrations }: TestDatabaseSettings): Promise<void> {
  await migrate({ ownerUrl, schema, migrations, serviceRole: roleOf(schema), servicePassword: SERVICE_PASSWORD });
}

const roleOf = (schema: string): string => `attune_${schema}`;

function urlOf(base: string, change: { database?: string; user?: string; password?: string }): string {
  const url = new URL(base);
  if (change.database !== undefined) url.pathname = `/${change.database}`;
  if (change.user !== undefined) url.username = change.user;
  if (change.password !== undefined) url.password = change.password;
  return url.href;
}

async function withClient<T>(url: string, fn: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
