/**
 * SQL for a migration: a transaction of one organization sees that organization's rows only. It is the second net under the
 * repositories' own filters; a transaction without an organization is the platform's. Each table has an `organization_id`.
 */
export function tenantRowSecurity(tables: readonly string[]): string {
  return tables
    .map(
      (table) => `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ${table}
  USING (coalesce(current_setting('app.organization_id', true), '') IN ('', organization_id::text));`,
    )
    .join('');
}
