/** SQL for a migration: no right for the service, and a trigger for everybody else. */
export function appendOnly(table: string): string {
  return `
REVOKE UPDATE, DELETE, TRUNCATE ON ${table} FROM attune_billing;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();`;
}
