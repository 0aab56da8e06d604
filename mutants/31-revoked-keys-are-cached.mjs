/** What is known of a key is used for five seconds. */
export default {
  invariant: 31,
  statement: 'No instance accepts a key a second after it was revoked',
  file: 'apps/models-api/src/api-keys/api-keys.service.ts',
  find: 'const CACHE_MS = 750;',
  replace: 'const CACHE_MS = 5_000;',
  project: 'integration',
  test: 'apps/models-api/src/operations/revoke-key/200.int.test.ts',
  assertion:
    'POST /admin/v1/organizations/:id/keys/:key_id/revoke answers 200 and under load no instance of three accepts the key a second later',
};
