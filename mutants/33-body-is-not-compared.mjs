export default {
  invariant: 33,
  statement: 'A key with another body is refused',
  file: 'apps/models-api/src/idempotency/idempotency.service.ts',
  find: 'if (!found?.equals(known.fingerprint)) throw idempotencyKeyReused();',
  replace: 'if (!found) throw idempotencyKeyReused();',
  project: 'integration',
  test: 'apps/models-api/src/operations/idempotency/422.int.test.ts',
  assertion: 'a known Idempotency-Key with another body is 422 IDEMPOTENCY_KEY_REUSED, and changes nothing for JSON',
};
