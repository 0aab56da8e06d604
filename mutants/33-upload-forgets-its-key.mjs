export default {
  invariant: 33,
  statement: 'The retry of an upload that was stored and not answered finds it',
  file: 'apps/models-api/src/data-items/uploads.service.ts',
  find: '      await this.effects.record(tx, itemId);\n',
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/crash.int.test.ts',
  assertion:
    'a request whose process was killed with SIGKILL is completed by its retry an upload, killed when its pair was stored and its answer was not given: one item, judged once',
};
