export default {
  invariant: 39,
  statement: 'No sixty minutes hold more creates than the limit',
  file: 'apps/models-api/src/limits/hourly-limits.repository.ts',
  find: "at > now - interval '1 hour' ORDER",
  replace: "at >= date_trunc('hour', now) ORDER",
  project: 'integration',
  test: 'apps/models-api/src/operations/create-model/429.int.test.ts',
  assertion:
    'POST /api/v3/custom_models answers 429 in any sixty minutes, not in those of the clock: what was made is counted until an hour has passed',
};
