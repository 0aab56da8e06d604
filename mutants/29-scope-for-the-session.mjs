export default {
  invariant: 29,
  statement: 'the scope is set for the session instead of the transaction',
  file: 'packages/database/src/scoped-query.ts',
  find: "SELECT set_config('${SCOPE_SETTING}', $1, true)",
  replace: "SELECT set_config('${SCOPE_SETTING}', $1, false)",
  project: 'integration',
  test: 'packages/database/src/scoped-query.int.test.ts',
  assertion: 'a statement in its scope sees the rows of its scope alone, in turns on one connection',
};
