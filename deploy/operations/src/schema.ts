import { escapeIdentifier, type Client } from 'pg';

/** A table of ours, with the columns that hold data (none is generated from others). */
export interface Table {
  schema: string;
  table: string;
  columns: string[];
}

/** A table's name for SQL. */
export const nameOf = ({ schema, table }: Pick<Table, 'schema' | 'table'>): string =>
  `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;

/** The services' schemas: those that migrations have made. */
export async function schemasOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `SELECT schemaname AS schema FROM pg_tables WHERE tablename = 'schema_migration' ORDER BY 1`,
  );
  return rows.map(({ schema }) => schema);
}

/** The names of the applied migrations of each schema. */
export async function migrationsOf(client: Client, schemas: readonly string[]): Promise<Record<string, string[]>> {
  const applied: Record<string, string[]> = {};
  for (const schema of schemas) {
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM ${nameOf({ schema, table: 'schema_migration' })} ORDER BY name`,
    );
    applied[schema] = rows.map(({ name }) => name);
  }
  return applied;
}

/** Every table with data, so ordered that a row's references come before it. */
export async function tablesOf(client: Client, schemas: readonly string[]): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `SELECT n.nspname AS schema, c.relname AS table,
            array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.relkind = 'r' AND n.nspname = ANY($1) AND c.relname <> 'schema_migration'
     GROUP BY 1, 2 ORDER BY 1, 2`,
    [schemas],
  );
  return byReference(rows, await referencesOf(client, schemas));
}

/** Table -> the tables that its rows refer to. */
async function referencesOf(client: Client, schemas: readonly string[]): Promise<Map<string, Set<string>>> {
  const { rows } = await client.query<{ from: string; to: string }>(
    `SELECT fn.nspname || '.' || f.relname AS from, tn.nspname || '.' || t.relname AS to
     FROM pg_constraint k
     JOIN pg_class f ON f.oid = k.conrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
     JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
     WHERE k.contype = 'f' AND k.conrelid <> k.confrelid AND fn.nspname = ANY($1)`,
    [schemas],
  );
  const references = new Map<string, Set<string>>();
  for (const { from, to } of rows) references.set(from, (references.get(from) ?? new Set()).add(to));
  return references;
}

function byReference(tables: readonly Table[], references: Map<string, Set<string>>): Table[] {
  const keyOf = ({ schema, table }: Table): string => `${schema}.${table}`;
  const ordered: Table[] = [];
  const placed = new Set<string>();
  let left = [...tables];
  while (left.length > 0) {
    const ready = left.filter((one) => [...(references.get(keyOf(one)) ?? [])].every((to) => placed.has(to)));
    if (ready.length === 0) throw new Error(`tables refer to each other in a circle: ${left.map(keyOf).join(', ')}`);
    for (const one of ready) placed.add(keyOf(one));
    ordered.push(...ready);
    left = left.filter((one) => !placed.has(keyOf(one)));
  }
  return ordered;
}
