export default {
  invariant: 39,
  statement: 'No minute holds more requests than the limit, over all instances',
  file: 'apps/models-api/src/migrations/0072-request-limits.ts',
  find: 'AND bucket >= floor(v_epoch / p.width)::bigint - 60) c ON true',
  replace: 'AND bucket >= floor(v_epoch / p.width)::bigint - 59) c ON true',
  project: 'integration',
  test: 'apps/models-api/src/limits/permits.int.test.ts',
  assertion:
    'permits agree with a list of what was let in: all policies are charged or none, and none ever holds more than its quota',
};
