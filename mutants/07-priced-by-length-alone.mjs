export default {
  invariant: 7,
  statement: 'A run is held for what it trains on',
  file: 'apps/models-api/src/costs/run-holds.service.ts',
  find: 'if (now.digest !== priced.digest) throw dataChanged();',
  replace: 'if (now.distinctMs !== priced.distinctMs) throw dataChanged();',
  project: 'integration',
  test: 'apps/models-api/src/operations/run-model/cost.int.test.ts',
  assertion:
    'money and POST /api/v3/custom_models/{id}/run does so too when a recording was exchanged for another that is as long',
};
