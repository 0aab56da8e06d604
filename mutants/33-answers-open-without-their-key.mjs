/** SECRETS_KEY and a copy of the database are enough to read a key that was created in the last day. */
export default {
  invariant: 33,
  statement: 'A kept answer opens for who sends its Idempotency-Key, and for nobody else',
  file: 'apps/models-api/src/idempotency/idempotency.service.ts',
  find: 'new Sealer(this.secret, `idempotency ${key}`)',
  replace: "new Sealer(this.secret, key === '' ? key : 'idempotency')",
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/operators.int.test.ts',
  assertion:
    'an operator’s request with an Idempotency-Key leaves nothing of the key in the database that opens without the Idempotency-Key, and no organization sees the row',
};
