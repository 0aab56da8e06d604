export default {
  invariant: 7,
  statement: 'A run that is not started leaves no hold',
  file: 'apps/models-api/src/runs/runs.service.ts',
  find: 'if (!(error instanceof CommitOutcomeUnknown)) await this.undo(place);',
  replace: 'if (error instanceof CommitOutcomeUnknown) await this.undo(place);',
  project: 'integration',
  test: 'apps/models-api/src/operations/run-model/cost.int.test.ts',
  assertion:
    'money and POST /api/v3/custom_models/{id}/run releases the hold and starts nothing when the data was changed after it was priced',
};
