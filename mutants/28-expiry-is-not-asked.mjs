/** An expired key still opens the API. */
export default {
  invariant: 28,
  statement: 'A key opens nothing after its expiry, on any route',
  file: 'apps/models-api/src/api-keys/api-keys.service.ts',
  find: 'if (key.expiresAt && key.expiresAt <= this.clock.now()) throw expiredApiKey();',
  replace: '',
  project: 'integration',
  test: 'apps/models-api/src/operations/every-route/matrix.int.test.ts',
  assertion: 'the authorization matrix customModels.get with an expired key: 401 INVALID_API_KEY',
};
