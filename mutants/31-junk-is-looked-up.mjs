/** A key with a wrong checksum is looked up like any other. */
export default {
  invariant: 31,
  statement: 'A flood of keys with a wrong checksum costs no query',
  file: 'apps/models-api/src/api-keys/api-key.ts',
  find: 'return checksum(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH) ? id : null;',
  replace: 'return id;',
  project: 'integration',
  test: 'apps/models-api/src/operations/every-route/key-secrecy.int.test.ts',
  assertion: 'a flood of keys with a wrong checksum costs no query at all',
};
