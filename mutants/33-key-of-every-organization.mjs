export default {
  invariant: 33,
  statement: 'An Idempotency-Key belongs to one organization',
  file: 'apps/models-api/src/idempotency/idempotency-key.ts',
  find: '[key.organizationId, key.route, key.key]',
  replace: '[key.route, key.key]',
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/replay.int.test.ts',
  assertion: 'an Idempotency-Key of another organization, or on another route, is another key',
};
