export default {
  invariant: 39,
  statement: 'Refused calls cost nothing',
  file: 'apps/models-api/src/data-items/uploads.service.ts',
  find: `      await this.limits.giveBack(tx, { organizationId, policy: 'data_uploads_per_hour', subject });
`,
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/upload-data/429.int.test.ts',
  assertion:
    'PUT /api/v3/custom_models/{id}/data answers 429 not for uploads that were invalid, or that ingestion refused',
};
