import { SCOPE_SETTING } from './tx';

/**
 * SQL for a migration: a statement sees the rows of its scope's organization only, with `system` those of all, and without a
 * scope none. FORCE makes that hold for the tables' owner too. It is the second net under the repositories' own filters.
 * `column` is the one that names the organization. It may be run again on a table that has it already.
 */
export function tenantRowSecurity(tables: readonly string[], column = 'organization_id'): string {
  return tables
    .map(
      (table) => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant ON ${table};
CREATE POLICY tenant ON ${table}
  USING ((SELECT current_setting('${SCOPE_SETTING}', true)) IN ('system', ${column}::text));`,
    )
    .join('');
}

/** As the first migrations had it, where a transaction without an organization saw everything. Applied migrations never change. */
export function firstTenantRowSecurity(tables: readonly string[]): string {
  return tables
    .map(
      (table) => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ${table}
  USING (coalesce(current_setting('app.organization_id', true), '') IN ('', organization_id::text));`,
    )
    .join('');
}
