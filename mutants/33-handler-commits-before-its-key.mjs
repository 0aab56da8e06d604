export default {
  invariant: 33,
  statement: 'A request and its Idempotency-Key commit together: a crash between them cannot be',
  file: 'apps/models-api/src/idempotency/idempotency.service.ts',
  find: 'return this.database.runJoined(scopeOf(request), async (tx) => {',
  replace: 'return this.database.runInTransaction(scopeOf(request), async (tx) => {',
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/crash.int.test.ts',
  assertion:
    'a request whose process was killed with SIGKILL is completed by its retry a creation, killed with the model inserted and not committed: one model',
};
