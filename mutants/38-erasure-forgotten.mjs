export default {
  invariant: 38,
  statement: 'A deletion that the store did not take at once is done later',
  file: 'apps/models-api/src/data-items/data-erasure.service.ts',
  find: 'if (transcriptKey === null) await this.store.deletePrefix(itemPrefix(erasure));',
  replace: 'if (transcriptKey === null) await this.store.deletePrefix(itemPrefix(erasure)).catch(() => 0);',
  project: 'integration',
  test: 'apps/models-api/src/erasure.int.test.ts',
  assertion: 'erasure with the store away says 204, remembers, and erases when the store is back',
};
