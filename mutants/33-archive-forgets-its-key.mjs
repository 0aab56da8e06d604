export default {
  invariant: 33,
  statement: 'The retry of an archive that was stored and not answered finds it',
  file: 'apps/models-api/src/archives/archives.service.ts',
  find: '      await this.effects.record(tx, archiveId);\n',
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/data.int.test.ts',
  assertion:
    'a request that was carried out and whose answer was never kept is answered by its retry, and not carried out again an archive',
};
