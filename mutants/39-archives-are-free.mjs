export default {
  invariant: 39,
  statement: 'No sixty minutes hold more uploads than the limit, and an archive is one',
  file: 'apps/models-api/src/archives/archives.service.ts',
  find: `      await this.limits.take(tx, organizationId, 'data_uploads_per_hour', archiveId);
`,
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/upload-archive/429.int.test.ts',
  assertion:
    'POST /api/v3/custom_models/{id}/data/archives answers 429 after as many archives as the hour may hold uploads, however many pairs are in them; and keeps nothing',
};
