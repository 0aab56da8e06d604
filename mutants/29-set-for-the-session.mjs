/** The scope of a transaction is set for the session, so a pooled connection carries it to the next one. */
export default {
  invariant: 29,
  statement: 'No transaction leaves its scope on its connection',
  file: 'packages/database/src/tx.ts',
  find: `SELECT set_config($1, $2, true)`,
  replace: `SELECT set_config($1, $2, false)`,
  project: 'integration',
  test: 'packages/database/src/database.int.test.ts',
  assertion:
    'Database never carries a scope from one transaction to the next on a pooled connection, also after failures',
};
