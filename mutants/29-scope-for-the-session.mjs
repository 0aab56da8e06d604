/** The scope of a single statement is set for the session, so a pooled connection carries it to the next one. */
export default {
  invariant: 29,
  statement: 'No statement inherits the scope of the one before it on its connection',
  file: 'packages/database/src/scoped-query.ts',
  find: "SELECT set_config('${SCOPE_SETTING}', $1, true)",
  replace: "SELECT set_config('${SCOPE_SETTING}', $1, false)",
  project: 'integration',
  test: 'packages/database/src/scoped-query.int.test.ts',
  assertion: 'a statement in its scope sees the rows of its scope alone, in turns on one connection',
};
