import type { Database } from './database';

/** A service must not start where its role could see what row security hides. Names every hole that was found. */
export class UnsafeTenancy extends Error {
  constructor(schema: string, holes: readonly string[]) {
    super(`schema ${schema} does not keep tenants apart: ${holes.join('; ')}`);
    this.name = 'UnsafeTenancy';
  }
}

const HOLES = `
  SELECT 'role ' || rolname || ' is a superuser' AS hole FROM pg_roles WHERE rolname = current_user AND rolsuper
  UNION ALL
  SELECT 'role ' || rolname || ' bypasses row security' FROM pg_roles WHERE rolname = current_user AND rolbypassrls
  UNION ALL
  SELECT 'role ' || current_user || ' has the rights of the owner of ' || c.relname
    FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p', 'v', 'm')
     AND pg_has_role(current_user, c.relowner, 'MEMBER')
  UNION ALL
  SELECT 'table ' || c.relname || ' has an organization_id and no forced row security'
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
   WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')
     AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
  UNION ALL
  -- Policies add up: one that asks for no scope undoes the others.
  SELECT 'policy ' || p.polname || ' of ' || c.relname || ' does not ask for a scope'
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
   WHERE c.relnamespace = to_regnamespace($1) AND p.polpermissive
     -- Without a WITH CHECK, what is written is checked by USING; a policy for INSERT has no USING.
     AND (coalesce(pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid), '') NOT LIKE '%app.scope%'
       OR coalesce(pg_get_expr(p.polwithcheck, c.oid), pg_get_expr(p.polqual, c.oid), '') NOT LIKE '%app.scope%')
  UNION ALL
  -- A view reads with the rights of its owner unless it says otherwise; a materialized one cannot.
  SELECT 'view ' || c.relname || ' reads with the rights of its owner'
    FROM pg_class c WHERE c.relnamespace = to_regnamespace($1)
     AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))
  UNION ALL
  SELECT 'function ' || p.proname || ' runs with the rights of its owner'
    FROM pg_proc p WHERE p.pronamespace = to_regnamespace($1) AND p.prosecdef
  ORDER BY hole`;

/**
 * Throws UnsafeTenancy unless, in the service's schema and for the role it connects as, row security cannot be walked around:
 * a role without special rights that owns nothing, forced policies on every table with an organization, no view or function
 * that lends its owner's rights.
 */
export async function assertTenantSafety(database: Database): Promise<void> {
  const holes = await database.query<{ hole: string }>('system', HOLES, [database.schema]);
  if (holes.length > 0) {
    throw new UnsafeTenancy(
      database.schema,
      holes.map(({ hole }) => hole),
    );
  }
}
