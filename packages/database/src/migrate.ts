import { createHash } from 'node:crypto';
import { delay, messageOf } from '@attune/kernel';
import type { Client } from 'pg';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { scramVerifier } from './scram';
import { SCOPE_SETTING } from './tx';
import { connectClient } from './wait';

/** One step of a schema's history. Once applied anywhere it never changes: correct it with the next one. */
export interface Migration {
  /** `0001-init`: four digits, so that names sort as they are applied. */
  name: string;
  /** Runs with the schema as search_path, in one transaction with its entry in schema_migration. */
  sql: string;
}

export interface MigrateSettings {
  /** The database's owner (not the service's role): it makes the schema and the role. */
  ownerUrl: string;
  schema: string;
  migrations: readonly Migration[];
  /** The role the service connects as. It may use the schema and change rows, and owns nothing. */
  serviceRole: string;
  servicePassword: string;
  log?: (message: string) => void;
}

/** What was applied differs from what this build would apply. Nothing was changed. */
export class MigrationDrift extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MigrationDrift';
  }
}

const LOCK = 'attune.migrate';

/**
 * Brings a schema up to date; running it again changes nothing. One process at a time (advisory lock), one transaction per
 * migration. Waits up to a minute for a server that is still starting.
 * Answers the names it applied. Throws MigrationDrift, or the first error of a migration's SQL (that one is rolled back).
 */
export async function migrate(settings: MigrateSettings): Promise<string[]> {
  checkNames(settings.migrations);
  const client = await connectClient(
    settings.ownerUrl,
    { applicationName: `migrate ${settings.schema}` },
    settings.log === undefined ? {} : { log: settings.log },
  );
  try {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [LOCK]);
    await prepareSchema(client, settings);
    return await applyAll(client, settings);
  } finally {
    await client.end();
  }
}

function checkNames(migrations: readonly Migration[]): void {
  const names = migrations.map(({ name }) => name);
  const bad = names.find((name) => !/^\d{4}-[a-z0-9-]+$/.test(name));
  if (bad !== undefined) throw new Error(`migration "${bad}" is not named like 0001-init`);
  const unsorted = names.find((name, index) => index > 0 && name <= (names[index - 1] ?? ''));
  if (unsorted !== undefined) throw new Error(`migration ${unsorted} is listed out of order or twice`);
}

async function prepareSchema(client: Client, settings: MigrateSettings): Promise<void> {
  const schema = escapeIdentifier(settings.schema);
  const role = escapeIdentifier(settings.serviceRole);
  await upsertRole(client, settings);
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  const database = escapeIdentifier(rows[0]?.name ?? '');
  await client.query(`
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${database} TO ${role};
    CREATE SCHEMA IF NOT EXISTS ${schema};
    GRANT USAGE ON SCHEMA ${schema} TO ${role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE ON SEQUENCES TO ${role};
    CREATE TABLE IF NOT EXISTS ${schema}.schema_migration (
      name text PRIMARY KEY,
      sha256 text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE OR REPLACE FUNCTION ${schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$;
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${schema}.schema_migration
      FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.refuse_change();
    REVOKE INSERT, UPDATE, DELETE ON ${schema}.schema_migration FROM ${role};
  `);
}

const ROLE_ATTEMPTS = 5;

/** Roles belong to the whole cluster, so another database's migration may be writing the same one right now: try again. */
async function upsertRole(client: Client, { serviceRole, servicePassword }: MigrateSettings): Promise<void> {
  const role = escapeIdentifier(serviceRole);
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await client.query<{ powerless: boolean }>(
        `SELECT NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS powerless
         FROM pg_roles WHERE rolname = $1`,
        [serviceRole],
      );
      // Of a role that has no power already nothing is taken: only a superuser may say so, which not every owner is.
      await client.query(`${rows.length === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN
        ${rows[0]?.powerless ? '' : 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'}
        PASSWORD ${escapeLiteral(scramVerifier(servicePassword))}`);
      return;
    } catch (error) {
      if (attempt === ROLE_ATTEMPTS) throw error;
      await delay(50 * attempt);
    }
  }
}

async function applyAll(client: Client, { schema, migrations, log }: MigrateSettings): Promise<string[]> {
  const table = `${escapeIdentifier(schema)}.schema_migration`;
  const { rows } = await client.query<{ name: string; sha256: string }>(
    `SELECT name, sha256 FROM ${table} ORDER BY name`,
  );
  const applied = rows.map(({ name }) => name);
  for (const [index, { name, sha256 }] of rows.entries()) {
    const expected = migrations[index];
    if (expected?.name !== name) {
      throw new MigrationDrift(
        `schema ${schema}: ${name} is applied in place ${String(index + 1)}, where this build has ${expected?.name ?? 'nothing'}`,
      );
    }
    if (sha256Of(expected.sql) !== sha256)
      throw new MigrationDrift(`schema ${schema}: ${name} was changed after it was applied`);
  }
  const pending = migrations.slice(applied.length);
  for (const migration of pending) {
    await applyOne(client, schema, table, migration);
    log?.(`schema ${schema}: applied ${migration.name}`);
  }
  return pending.map(({ name }) => name);
}

async function applyOne(client: Client, schema: string, table: string, { name, sql }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL search_path = ${escapeIdentifier(schema)}`);
    // A migration moves rows of every organization, also where the owner is no superuser.
    await client.query(`SELECT set_config('${SCOPE_SETTING}', 'system', true)`);
    await client.query(sql);
    await client.query(`INSERT INTO ${table} (name, sha256) VALUES ($1, $2)`, [name, sha256Of(sql)]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`schema ${schema}: migration ${name} failed: ${messageOf(error)}`, { cause: error });
  }
}

function sha256Of(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}
