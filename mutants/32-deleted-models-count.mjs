export default {
  invariant: 32,
  statement: 'A plan never has more live models than it allows, and a deleted one makes room',
  file: 'apps/models-api/src/migrations/0070-model-counts.ts',
  find: `       WHERE deleted_at IS NULL
       GROUP BY 1, 2, 3, 4, 5, 6 HAVING`,
  replace: '       GROUP BY 1, 2, 3, 4, 5, 6 HAVING',
  project: 'integration',
  test: 'apps/models-api/src/operations/create-model/402.int.test.ts',
  assertion:
    'POST /api/v3/custom_models answers 402 MODEL_LIMIT_EXCEEDED when the plan has no room, until a model is deleted',
};
