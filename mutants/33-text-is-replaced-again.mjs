export default {
  invariant: 33,
  statement: 'The retry of a replaced transcript leaves the text that came after it',
  file: 'apps/models-api/src/data-items/data-edits.service.ts',
  find: '      await this.effects.record(tx, item.id);\n',
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/data.int.test.ts',
  assertion:
    'a request that was carried out and whose answer was never kept is answered by its retry, and not carried out again a transcript: the text that came after it stays',
};
