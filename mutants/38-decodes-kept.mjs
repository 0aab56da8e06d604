export default {
  invariant: 38,
  statement: 'What finished runs wrote down of a deleted item goes with it',
  file: 'apps/models-api/src/data-items/data-erasure.service.ts',
  find: 'for (const version of versions) await this.decodes.scrub({ ...erasure, ...version }, itemId);',
  replace: 'for (const version of versions) void version;',
  project: 'integration',
  test: 'apps/models-api/src/erasure.int.test.ts',
  assertion:
    'erasure of an item leaves no byte of its recording and no word of its transcript, in no object and no row',
};
