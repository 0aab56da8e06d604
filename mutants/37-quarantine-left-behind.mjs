export default {
  invariant: 37,
  statement: 'An upload that is broken off leaves nothing in quarantine',
  file: 'apps/models-api/src/data-items/uploads.service.ts',
  find: 'if (!(error instanceof CommitOutcomeUnknown)) await this.discard(place);',
  replace: 'if (error instanceof CommitOutcomeUnknown) await this.discard(place);',
  project: 'integration',
  test: 'apps/models-api/src/operations/upload-data/robustness.int.test.ts',
  assertion:
    'uploads that are broken off, slow, wrong or hostile leave no file open, no memory taken and nothing in quarantine; what is stored has keys of ours alone',
};
