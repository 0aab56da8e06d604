import { delay, messageOf } from '@attune/kernel';
import { Client, escapeIdentifier } from 'pg';
import { isConnectionLost } from './failures';
import type { Migration } from './migrate';
import type { WaitOptions } from './wait';

const RETRY_MS = 500;
const LOG_EVERY_MS = 5_000;
const TIMEOUT_MS = 10 * 60_000;

/**
 * What it looks like before the migrations of a release ran: no role or an earlier password, no database, no schema, no table.
 */
const NOT_YET = new Set(['28000', '28P01', '3D000', '3F000', '42P01', '42501']);

/**
 * Resolves when the schema has every migration of this build; it may have later ones, whose release is on its way. Whoever
 * starts a service need not know when its migrations are done. Throws what it last met when time is up, ten minutes unless
 * named, and at once what no migration would change.
 */
export async function untilMigrated(
  { url, schema, migrations }: { url: string; schema: string; migrations: readonly Migration[] },
  options: WaitOptions = {},
): Promise<void> {
  const started = performance.now();
  let nextLog = 0;
  for (;;) {
    const problem = await missing(url, schema, migrations);
    if (problem === null) return;
    const waited = performance.now() - started;
    if (waited >= (options.timeoutMs ?? TIMEOUT_MS)) {
      throw new Error(`the migrations of schema ${schema} did not come: ${problem}`);
    }
    if (waited >= nextLog) {
      options.log?.(`waiting for the migrations of schema ${schema} (${problem})`);
      nextLog = waited + LOG_EVERY_MS;
    }
    await delay(RETRY_MS);
  }
}

/** Null: nothing is missing. */
async function missing(url: string, schema: string, migrations: readonly Migration[]): Promise<string | null> {
  const client = new Client({
    connectionString: url,
    application_name: `${schema} waits`,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM ${escapeIdentifier(schema)}.schema_migration`,
    );
    const applied = new Set(rows.map(({ name }) => name));
    const first = migrations.find(({ name }) => !applied.has(name));
    return first === undefined ? null : `${first.name} is not applied`;
  } catch (error) {
    const { code } = error as { code?: string };
    if (isConnectionLost(error) || (code !== undefined && NOT_YET.has(code))) return messageOf(error);
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}
