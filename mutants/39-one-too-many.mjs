export default {
  invariant: 39,
  statement: 'No sixty minutes hold more creates than the limit',
  file: 'apps/models-api/src/limits/hourly-limits.repository.ts',
  find: 'WHERE used < $3 RETURNING',
  replace: 'WHERE used <= $3 RETURNING',
  project: 'integration',
  test: 'apps/models-api/src/operations/create-model/429.int.test.ts',
  assertion:
    'POST /api/v3/custom_models answers 429 after ten within the hour, names the limit, and says how long to wait',
};
