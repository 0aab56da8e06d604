/** A statement without a scope sees everything, as it did before. */
export default {
  invariant: 29,
  statement: 'A statement that names no scope sees no row of any tenant',
  file: 'packages/database/src/row-security.ts',
  find: "USING ((SELECT current_setting('${SCOPE_SETTING}', true)) IN ('system', ${column}::text))",
  replace:
    "USING (coalesce((SELECT current_setting('${SCOPE_SETTING}', true)), '') IN ('', 'system', ${column}::text))",
  project: 'integration',
  test: 'packages/database/src/row-security.int.test.ts',
  assertion:
    'row security of tenant tables shows nothing to a statement without a scope, on a fresh connection and on a used one',
};
