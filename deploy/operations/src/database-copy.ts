import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { connectClient } from '@attune/database';
import { escapeIdentifier, type Client } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { checkWhole, writeWhole, type Written } from './files';
import { migrationsOf, nameOf, schemasOf, tablesOf, type Table } from './schema';

/** What a backup says of the database that it holds. */
export interface DatabaseCopy {
  /** By the database's clock: everything that was committed by then, and nothing later. */
  takenAt: string;
  migrations: Record<string, string[]>;
  tables: (Table & Written & { file: string })[];
  sequences: { schema: string; sequence: string; value: string }[];
}

/** Row security binds the owner too: the platform's scope sees every row. */
const connect = (url: string): Promise<Client> => connectClient(url, { applicationName: 'backup', scope: 'system' });

/** Copies every row of the services' schemas as of one moment, while they work. `url`: as the database's owner. */
export async function copyDatabase(url: string, directory: string): Promise<DatabaseCopy> {
  await mkdir(directory, { recursive: true });
  const client = await connect(url);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const { rows } = await client.query<{ at: Date }>('SELECT clock_timestamp() AS at');
    const schemas = await schemasOf(client);
    const copy: DatabaseCopy = {
      takenAt: (rows[0]?.at ?? new Date(0)).toISOString(),
      migrations: await migrationsOf(client, schemas),
      tables: [],
      sequences: [],
    };
    for (const table of await tablesOf(client, schemas)) {
      const file = `${table.schema}.${table.table}.gz`;
      const rowsOut = client.query(copyTo(`COPY ${columnsOf(table)} TO STDOUT`));
      const written = await writeWhole(join(directory, file), rowsOut, createGzip({ level: 4 }));
      copy.tables.push({ ...table, file, ...written });
    }
    // After the rows: a sequence obeys no snapshot, and one that is ahead does no harm.
    const sequences = await client.query<DatabaseCopy['sequences'][number]>(
      `SELECT schemaname AS schema, sequencename AS sequence, last_value::text AS value
       FROM pg_sequences WHERE schemaname = ANY($1) AND last_value IS NOT NULL`,
      [schemas],
    );
    copy.sequences = sequences.rows;
    return copy;
  } finally {
    await client.end();
  }
}

/**
 * Fills a database that this release's migrations have just made, in one transaction. Throws where the schema is another one than the
 * backup's, where somebody has worked already, and where a file is damaged; then nothing was changed.
 */
export async function loadDatabase(url: string, directory: string, copy: DatabaseCopy): Promise<void> {
  for (const { file, ...written } of copy.tables) await checkWhole(join(directory, file), written);
  const client = await connect(url);
  try {
    await client.query('BEGIN');
    const schemas = await schemasOf(client);
    checkSame(await migrationsOf(client, schemas), copy.migrations);
    const tables = await tablesOf(client, schemas);
    await checkUnused(client, tables);
    await withoutGuards(client, tables, async () => {
      // What migrations have put there is in the backup as well.
      await client.query(`TRUNCATE ${tables.map(nameOf).join(', ')}`);
      for (const table of copy.tables) {
        const rowsIn = client.query(copyFrom(`COPY ${columnsOf(table)} FROM STDIN`));
        await pipeline(createReadStream(join(directory, table.file)), createGunzip(), rowsIn);
      }
    });
    for (const { schema, sequence, value } of copy.sequences)
      await client.query('SELECT setval($1::regclass, $2)', [nameOf({ schema, table: sequence }), value]);
    await client.query('COMMIT');
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}

function columnsOf({ columns, ...table }: Table): string {
  return `${nameOf(table)} (${columns.map(escapeIdentifier).join(', ')})`;
}

function checkSame(here: DatabaseCopy['migrations'], there: DatabaseCopy['migrations']): void {
  const describe = (migrations: DatabaseCopy['migrations']): string =>
    Object.entries(migrations)
      .map(([schema, names]) => `${schema} ${names.at(-1) ?? 'nothing'}`)
      .join(', ');
  if (JSON.stringify(here) === JSON.stringify(there)) return;
  throw new Error(
    `the schema is not the backup's: restore with the release that made it. Here: ${describe(here) || 'no schema: run the migrations first'}; there: ${describe(there)}`,
  );
}

/** Whoever does anything writes an event. */
async function checkUnused(client: Client, tables: readonly Table[]): Promise<void> {
  for (const table of tables.filter((one) => one.table === 'outbox')) {
    const { rowCount } = await client.query(`SELECT FROM ${nameOf(table)} LIMIT 1`);
    if (rowCount !== 0) throw new Error(`the database is in use: ${table.schema} has published events already`);
  }
}

/**
 * Without the tables' triggers, which guard moves and derive rows that are copied as well, and without row security, which COPY cannot obey.
 * Both are back before the transaction ends.
 */
async function withoutGuards(client: Client, tables: readonly Table[], work: () => Promise<void>): Promise<void> {
  const { rows: forced } = await client.query<{ schema: string; table: string }>(
    `SELECT n.nspname AS schema, c.relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relforcerowsecurity`,
  );
  const isOurs = ({ schema, table }: { schema: string; table: string }): boolean =>
    tables.some((one) => one.schema === schema && one.table === table);
  const bound = forced.filter(isOurs);
  for (const table of tables) await client.query(`ALTER TABLE ${nameOf(table)} DISABLE TRIGGER USER`);
  for (const table of bound) await client.query(`ALTER TABLE ${nameOf(table)} NO FORCE ROW LEVEL SECURITY`);
  await work();
  for (const table of bound) await client.query(`ALTER TABLE ${nameOf(table)} FORCE ROW LEVEL SECURITY`);
  for (const table of tables) await client.query(`ALTER TABLE ${nameOf(table)} ENABLE TRIGGER USER`);
}
