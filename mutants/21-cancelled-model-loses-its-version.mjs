/** A cancelled run takes a trained model back to ready. */
export default {
  invariant: 21,
  statement: 'A cancelled run leaves its model as it would be without it',
  file: 'apps/models-api/src/models/model.ts',
  find: 'if (model.hasVersion) return modelStatus.succeeded;',
  replace: 'if (model.hasVersion) return modelStatus.ready;',
  project: 'integration',
  test: 'apps/models-api/src/operations/cancel-run/200.int.test.ts',
  assertion:
    'POST /api/v3/custom_models/{id}/cancel answers 200 and a model that has a version is back at 4, with that version’s figures and times',
};
